"""C11 in a browser: a site whose pictures are at a provider, from the key to the end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes import mux
from tests.fakes.mux import FakeMux, Webhook
from tests.fakes.service import Answer, Asked
from tests.stack import encoder, running
from tests.stack.people import sign_up
from tests.stack.running import Stack

from .visitor import Visitor, await_value

SECONDS = 60
SEGMENT = 2


class PlayingMux(FakeMux):
    """With a picture: a minute of it, of which a segment is added every two seconds, whatever the id."""

    folder = Path()
    since = 0.0

    def answer(self, asked: Asked) -> Answer:
        if asked.path.endswith(".m3u8"):
            return 200, self._playlist()
        file = self.folder / asked.path.strip("/")
        return (200, file.read_bytes()) if file.is_file() else super().answer(asked)

    def _playlist(self) -> bytes:
        listed = 4 + int(time.monotonic() - self.since) // SEGMENT
        head, *segments = (self.folder / "index").read_text().split("#EXTINF")
        return "#EXTINF".join([head, *segments[:listed]]).replace("#EXT-X-ENDLIST", "").encode()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingMux]:
    folder = tmp_path_factory.mktemp("hosted")
    command = [
        encoder.ffmpeg(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15",
        "-t", str(SECONDS), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "30",
        "-f", "hls", "-hls_time", str(SEGMENT), "-hls_list_size", "0", "-hls_segment_type", "fmp4",
        "index.m3u8",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=folder)
    (folder / "index.m3u8").rename(folder / "index")
    with PlayingMux() as fake:
        fake.folder, fake.since = folder, time.monotonic()
        yield fake


@pytest.fixture(scope="module")
def hosted_stack(host: FakeMux, stack_mode: str, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A site that uses a provider. Production would refuse one on this machine."""
    settings = mux.SETTINGS | {"PROVIDER_API_URL": host.url}
    if stack_mode == "embedded":
        platform = running.embedded(**settings)
    else:
        platform = running.full(request.getfixturevalue("private_services"), AETHEX_ENV="dev", **settings)
    with platform as started:
        yield started


@pytest.mark.both_modes
def test_a_creator_goes_live_and_ends_through_the_provider(
    browser: Any, hosted_stack: Stack, host: PlayingMux
) -> None:
    owner = sign_up(hosted_stack)
    channel = owner.create_channel()
    desk, viewer = (Visitor.open(browser, hosted_stack.url) for _ in range(2))
    desk.sign_in(owner.username)

    server, key = desk.read_encoder_settings(channel["slug"])
    name, stream = next(iter(host.streams.items()))
    assert (server, key) == ("rtmps://global-live.mux.com:443/app", stream["stream_key"])

    viewer.watch(channel["slug"])
    host.since = time.monotonic()
    deliver(hosted_stack, host.started(name))
    viewer.await_player("playing")
    viewer.await_picture()
    await_value(desk.status, lambda status: status == "LIVE")

    desk.end_stream()
    await_value(viewer.player_state, lambda state: state not in ("playing", "loading"))
    await_value(lambda: host.streams[name]["status"], lambda status: status == "disabled", 60)
    desk.page.get_by_text("It is let in when you announce the next stream").wait_for()

    for visitor in (desk, viewer):
        visitor.context.close()
        assert not visitor.complaints, visitor.complaints


def deliver(stack: Stack, webhook: Webhook) -> None:
    answer = httpx.post(f"{stack.url}/api/webhooks/mux", content=webhook.body, headers=webhook.headers)
    assert answer.status_code == 204, answer.text
