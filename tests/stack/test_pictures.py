"""C09 from outside: a real encoder's picture becomes a thumbnail and stills, and is replaced."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import httpx
from PIL import Image

from tests.stack import encoder, reader
from tests.stack.people import expect, sign_up
from tests.stack.running import Stack


def picture(stack: Stack, url: str) -> Image.Image:
    answer = httpx.get(urljoin(stack.url, url), timeout=20).raise_for_status()
    opened = Image.open(io.BytesIO(answer.content))
    assert opened.format == "WEBP"
    return opened.convert("RGB")


def colours(shown: Image.Image) -> set[str]:
    """Which of the pure colours are in the picture, as ffmpeg's test picture has all of them."""
    names = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
    seen = set()
    for _, pixel in shown.resize((64, 36)).getcolors(64 * 36) or []:
        seen |= {name for name, pure in names.items() if max(map(abs, map(int.__sub__, pixel, pure))) < 70}
    return seen


def eventually(read: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := read()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.5)
    return value


def test_what_an_encoder_sends_is_seen_on_thumbnails_and_stills(stack: Stack) -> None:
    streamer = sign_up(stack)
    channel = streamer.create_channel()
    with encoder.publishing(streamer.publish_url(channel), size="640x360"):
        stream = reader.await_live(stack, channel)

        def shown() -> str:
            return expect(200, stack.api.get(f"/api/streams/{stream['id']}"))["thumbnailUrl"]

        first = eventually(shown)
        large, small = picture(stack, first), picture(stack, first.replace("-640.", "-320."))
        assert (large.size, small.size) == ((640, 360), (320, 180))
        assert colours(large) == colours(small) == {"red", "green", "blue", "yellow"}

        hls = expect(200, stack.api.get(f"/api/streams/{stream['id']}/hls"))
        index_url = urljoin(stack.url, hls["storyboardUrl"])
        [sheet] = eventually(lambda: httpx.get(index_url, timeout=20).raise_for_status().json()["sheets"])
        tiles = picture(stack, urljoin(index_url, sheet["file"]))
        assert tiles.size == (160 * len(sheet["tiles"]), 90)
        assert "yellow" in colours(tiles)

        # Instead of a minute's waiting.
        due = f"B.objects.filter(pk='{stream['id']}').update(pictured_at=None)"
        stack.manage("shell", "-v0", "-c", f"from apps.streams.models import Broadcast as B; {due}")
        second = eventually(lambda: (url := shown()) != first and url)
        assert picture(stack, second).tobytes() != large.tobytes()
        expect(200, streamer.api.post(f"/api/streams/{stream['id']}/end"))
    assert shown() == second, "the last one stays"
    assert httpx.get(index_url, timeout=20).status_code == 404
