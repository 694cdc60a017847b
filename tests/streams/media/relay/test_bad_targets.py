"""C12: servers that die, refuse, hang or talk nonsense, while the stream itself goes on as ever."""

from __future__ import annotations

import logging
import socket

import pytest

from apps.streams.media import RelayLimits, amf0
from apps.streams.media.rtmp.chunks import COMMAND_AMF0, ChunkWriter, Message
from tests.stack.services import free_port
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.relay.forwarding import (
    SECRET,
    Talker,
    await_state,
    forward,
    on_time,
    source,
    state,
    target,
)


def test_a_target_that_dies_is_tried_again_until_it_returns(ours: Edge) -> None:
    port = free_port()
    with Edge(rtmp_port=port) as first:
        forward(ours, target(first.rtmp_url))
        eventually(lambda: first.gate.lives)
    with on_time(ours):
        info = await_state(ours, "retrying")
        assert info.reason
        assert info.next_attempt_at is not None
    with Edge(rtmp_port=port) as second:
        eventually(lambda: second.gate.lives, seconds=30)
        assert await_state(ours, "live").next_attempt_at is None


def test_a_wrong_key_fails_for_good_and_is_told_to_nobody(
    ours: Edge, theirs: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        forward(ours, target(theirs.rtmp_url, SECRET))
        info = await_state(ours, "failed")
    assert "refuses the stream" in info.reason
    assert info.next_attempt_at is None
    assert SECRET not in info.reason
    assert SECRET not in caplog.text
    assert SECRET not in repr(target(theirs.rtmp_url, SECRET))
    forward(ours, target(theirs.rtmp_url, "key", revision=2))
    eventually(lambda: theirs.gate.lives)


def test_a_target_that_never_reads_is_left_and_nobody_else_notices(theirs: Edge, make_flv: FlvMaker) -> None:
    heavy = make_flv(
        seconds=40, gop=30, size="640x360", video="-c:v libx264 -preset ultrafast -qp 4 -pix_fmt yuv420p"
    )
    limits = RelayLimits(unsent_bytes=500_000, stuck_seconds=3, first_retry_seconds=0.5)
    with source(relays=limits) as edge, Talker(lambda connection: None, room=4096) as deaf:
        encoder = LiveEncoder(edge, heavy)
        eventually(lambda: edge.gate.lives)
        forward(edge, target(deaf.url, id="deaf"), target(theirs.rtmp_url))
        await_state(edge, "live", "deaf")
        relay = edge.call(lambda: edge.node._streams["stream"].relays["deaf"])
        unsent = []
        with on_time(edge):

            def left() -> bool:
                if (publisher := relay._publisher) is not None:
                    unsent.append(publisher.unsent)
                return state(edge, "deaf").state == "retrying"

            eventually(left, seconds=40)
        assert "does not take the stream" in state(edge, "deaf").reason
        assert state(edge, "deaf").dropped > 10
        assert max(unsent) < 1_500_000, "one frame may come on top, no more"
        assert state(edge).state == "live"
        assert state(edge).dropped < 60, "only what came before its first keyframe"
        assert theirs.gate.interruptions == []
        encoder.stop()


def test_a_target_that_never_answers_is_tried_again(ours: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.streams.media.rtmp.client._TIMEOUT", 1.0)
    with Talker(lambda connection: None, answers=False) as mute:
        forward(ours, target(mute.url))
        with on_time(ours):
            assert await_state(ours, "retrying").reason == "The server does not answer."


def test_a_target_that_floods_us_is_left(ours: Edge) -> None:
    def flood(connection: socket.socket) -> None:
        ping = ChunkWriter().encode(Message(4, 0, 0, b"\x00\x06\x00\x00\x00\x00"), chunk_stream=2)
        while True:
            connection.sendall(ping * 1000)

    with Talker(flood) as loud:
        forward(ours, target(loud.url))
        with on_time(ours):
            await_state(ours, "retrying")


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200, b"\x03" + bytes(3072) + b"\xff" * 500, b""],
    ids=["HTTP", "noise", "nothing"],
)
def test_a_target_that_is_no_rtmp_server_is_told_so(ours: Edge, said: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.close()

    with Talker(speak, answers=False) as strange:
        forward(ours, target(strange.url))
        assert await_state(ours, "retrying").reason


@pytest.mark.parametrize(
    "payload", [b"", b"\x00", amf0.encode("_result"), amf0.encode(1.0, None), b"\xff\xff"], ids=repr
)
def test_broken_answers_end_in_a_retry_and_not_in_a_hang(ours: Edge, payload: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        for kind in (4, COMMAND_AMF0):
            connection.sendall(ChunkWriter().encode(Message(kind, 0, 0, payload), chunk_stream=3))
        # Closing at once would take back what was not read yet.
        connection.shutdown(socket.SHUT_WR)

    with Talker(speak) as strange:
        forward(ours, target(strange.url))
        await_state(ours, "retrying")


def test_a_fault_in_one_relay_is_nobody_elses(ours: Edge, theirs: Edge) -> None:
    theirs.gate.keys["second"] = "another"
    forward(ours, target(theirs.rtmp_url), target(theirs.rtmp_url, "second", id="other"))
    eventually(lambda: len(theirs.gate.lives) == 2)

    def fail(*_: object) -> None:
        raise RuntimeError("unable to perform operation on a closed transport")

    with on_time(ours):
        ours.call(lambda: setattr(ours.node._streams["stream"].relays["target"], "_send", fail))
        assert "Switch it off and on" in await_state(ours, "failed").reason
        eventually(lambda: theirs.gate.interruptions)
    assert state(ours, "other").state == "live"
    assert ours.gate.interruptions == [], "its encoder goes on"
    forward(ours, target(theirs.rtmp_url, revision=2), target(theirs.rtmp_url, "second", id="other"))
    await_state(ours, "live")
