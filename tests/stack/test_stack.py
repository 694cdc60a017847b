"""The platform from outside: foreign encoder, foreign readers, the front door, stopping and starting."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from websockets.sync.client import connect

from tests.stack import encoder, reader, running
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack


@pytest.fixture(scope="module")
def streamer(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture(scope="module")
def live(stack: Stack, streamer: Person) -> Iterator[dict[str, Any]]:
    """A channel that ffmpeg publishes to, and its stream."""
    channel = streamer.create_channel()
    with encoder.publishing(streamer.publish_url(channel)):
        yield reader.await_live(stack, channel)


def test_every_process_that_people_reach_says_that_it_is_well(stack: Stack) -> None:
    for process in stack.processes.values():
        if process.healthz:
            assert httpx.get(process.healthz).status_code == 200, process.name


def test_no_process_begins_with_a_complaint(stack: Stack) -> None:
    for name in stack.processes:
        began = stack.logs(name).splitlines()[:12]
        assert not [line for line in began if re.search(r"\sERROR\s|Traceback", line)], began


def test_a_foreign_reader_finds_the_picture_and_the_sound_of_a_foreign_encoder(
    stack: Stack, live: dict[str, Any]
) -> None:
    tracks = reader.probe(reader.playlist_url(stack, live))

    assert (tracks["video"]["codec_name"], tracks["video"]["width"], tracks["video"]["height"]) == (
        "h264",
        320,
        180,
    )
    assert (tracks["audio"]["codec_name"], tracks["audio"]["sample_rate"]) == ("aac", "48000")


def test_a_part_that_one_viewer_may_fetch_is_refused_to_one_without_a_grant(
    stack: Stack, live: dict[str, Any]
) -> None:
    playlist = reader.media_playlist_url(reader.playlist_url(stack, live))
    name = re.findall(r'URI="([^"]+\.m4s)"|^([^#\s]+\.m4s)$', httpx.get(playlist).text, re.MULTILINE)[0]
    part = urljoin(playlist, name[0] or name[1])
    forged = re.sub(r"/live/[^/]+/", "/live/forged/", part)

    assert httpx.get(part).status_code == 200
    assert httpx.get(forged).status_code == 403


def test_a_blocking_playlist_request_waits_for_the_part_it_names(stack: Stack, live: dict[str, Any]) -> None:
    playlist = reader.media_playlist_url(reader.playlist_url(stack, live))
    coming = segment_being_filled(httpx.get(playlist).text) + 1

    answer = httpx.get(playlist, params={"_HLS_msn": coming, "_HLS_part": 0}, timeout=15)

    assert answer.status_code == 200
    assert segment_being_filled(answer.text) == coming


def segment_being_filled(playlist: str) -> int:
    """The number of the segment after the last finished one."""
    return int(re.findall(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", playlist)[0]) + playlist.count("#EXTINF")


def test_what_one_person_writes_reaches_another_through_any_socket_process(
    stack: Stack, streamer: Person
) -> None:
    channel, reader_person = streamer.create_channel(), sign_up(stack)
    first, last = stack.ws_urls[0], stack.ws_urls[-1]
    address = f"/ws/channels/{channel['slug']}"
    with (
        connect(last + address, additional_headers=reader_person.bearer, proxy=None) as theirs,
        connect(first + address, additional_headers=streamer.bearer, proxy=None) as ours,
    ):
        assert await_frame(theirs, "chat:history")["messages"] == []
        await_frame(ours, "chat:history")
        frame = {"type": "chat:send", "payload": {"content": "hello, other process", "nonce": "n1"}}
        ours.send(json.dumps(frame))

        ack = await_frame(ours, "chat:ack")
        message = await_frame(theirs, "chat:message")

    assert (ack["nonce"], ack["seq"]) == ("n1", 1)
    assert (message["seq"], message["content"]) == (1, "hello, other process")


def test_the_front_door_lets_sockets_and_pages_through(stack: Stack, streamer: Person) -> None:
    channel = streamer.create_channel()
    door = stack.url.replace("http://", "ws://")

    with connect(f"{door}/ws/channels/{channel['slug']}", proxy=None) as anybody:
        assert await_frame(anybody, "chat:history")["messages"] == []
    assert stack.api.get(f"/streams/{channel['slug']}").status_code == 200


@pytest.mark.stack
def test_what_was_made_is_still_there_after_stopping_and_starting() -> None:
    with running.embedded() as stack:
        channel = sign_up(stack).create_channel(name="Kept")
        live = stack.process("live")

        live.signal(signal.SIGINT)
        code = live.popen.wait(10)
        live.start()
        live.await_ready()

        assert code == 0, live.tail()
        assert expect(200, stack.api.get(f"/api/channels/{channel['slug']}"))["name"] == "Kept"


def await_frame(socket: Any, kind: str) -> dict[str, Any]:
    """The payload of the next frame of `kind`; other frames before it are passed over."""
    while True:
        frames = json.loads(socket.recv(timeout=10))
        for frame in frames if isinstance(frames, list) else [frames]:
            if frame["type"] == kind:
                return frame["payload"]
