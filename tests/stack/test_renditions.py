"""C04 from outside: a broadcast comes in several sizes, and nothing that happens to them happens to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import encoder, reader, running
from tests.stack.people import Person, expect, sign_up
from tests.stack.processes import process_of
from tests.stack.running import Stack
from tests.streams.media.edge import eventually

ALL = ["stream.m3u8", "160p/stream.m3u8", "audio/stream.m3u8"]


@pytest.fixture(scope="module")
def ladder_stack(stack_mode: str, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A platform that makes two renditions, whatever the machine is like."""
    if stack_mode == "embedded":
        platform = running.embedded(RENDITIONS="160p,audio")
    else:
        platform = running.full(request.getfixturevalue("private_services"), RENDITIONS="160p,audio")
    with platform as started:
        yield started


def newest(url: str) -> int:
    """How far the source's playlist goes."""
    text = httpx.get(reader.media_playlist_url(url)).raise_for_status().text
    return text.count("#EXT-X-PART:") + 1000 * text.count("#EXTINF")


def renditions(owner: Person, stream: dict[str, Any]) -> dict[str, Any]:
    """What the creator is told of them."""
    told: dict[str, Any] = expect(200, owner.api.get(f"/api/streams/{stream['id']}/health"))["renditions"]
    return told


def test_renditions_come_and_go_and_the_source_stays(ladder_stack: Stack) -> None:
    stack = ladder_stack
    owner = sign_up(stack)
    channel = owner.create_channel()
    with encoder.publishing(owner.publish_url(channel), gop_seconds=1):
        stream = reader.await_live(stack, channel)
        url = reader.playlist_url(stack, stream)
        eventually(lambda: reader.variants(url) == ALL, seconds=40)
        found = reader.probe(url.replace("index.m3u8", "160p/stream.m3u8"))
        assert (found["video"]["codec_name"], found["video"]["height"]) == ("h264", 160)
        assert list(reader.probe(url.replace("index.m3u8", "audio/stream.m3u8"))) == ["audio"]
        eventually(lambda: renditions(owner, stream) == {"offered": ["160p", "audio"], "trouble": ""})

        # Its ffmpeg stands still: what it made is taken back, and begun again by itself.
        stalled = process_of(stack, "libx264")
        assert stalled is not None
        os.kill(stalled, signal.SIGSTOP)
        eventually(lambda: "160p/stream.m3u8" not in reader.variants(url), seconds=5)
        before = newest(url)
        eventually(lambda: newest(url) != before, seconds=2)
        eventually(lambda: reader.variants(url) == ALL, seconds=40)
        assert process_of(stack, "libx264") != stalled

        # The transcoder dies: another takes its work up.
        victim = process_of(stack, "manage.py transcode")
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: reader.variants(url) == ["stream.m3u8"], seconds=3)
        before = newest(url)
        eventually(lambda: newest(url) != before, seconds=2)
        stack.supervise()
        eventually(lambda: reader.variants(url) == ALL, seconds=60)
