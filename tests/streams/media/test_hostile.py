"""Encoders that are broken, impatient or mean: they lose their connection, and nobody else notices."""

from __future__ import annotations

import asyncio
import logging
import random
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.streams.media import DoorLimits, Refused, amf0
from apps.streams.media.flv import Tag
from apps.streams.media.rtmp import handshake
from apps.streams.media.rtmp.chunks import COMMAND_AMF0, ChunkWriter, Message
from apps.streams.media.rtmp.client import RtmpPublisher
from apps.streams.media.rtmp.server import RtmpServer
from apps.streams.media.rtmp.session import RtmpSession
from apps.streams.media.sinks import Sink
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder, RawEncoder, publish, refusal

IMPATIENT = DoorLimits(
    handshake_seconds=0.6,
    publish_seconds=1.2,
    idle_seconds=0.8,
    goodbye_seconds=0.5,
    max_connections_per_address=10,
    max_message_bytes=200_000,
)


@pytest.fixture
def strict() -> Iterator[Edge]:
    with Edge(limits=IMPATIENT) as edge:
        yield edge
        eventually(lambda: edge.call(lambda: edge.node.listeners.rtmp.connections) == 0)
        assert edge.call(lambda: edge.node.listeners.turnstile.unauthenticated) == 0
        assert edge.call(lambda: edge.node.listeners.turnstile.guests) == 0


def connect_packet() -> bytes:
    body = amf0.encode("connect", 1, {"app": "live"})
    return ChunkWriter().encode(Message(COMMAND_AMF0, 0, 0, body), chunk_stream=3)


def chunk(kind: int, body: bytes, *, size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    return b"\x03" + bytes(3) + length.to_bytes(3, "big") + bytes((kind, 0, 0, 0, 0)) + body


BROKEN = {
    "not RTMP": b"GET / HTTP/1.1\r\n\r\n",
    "another version": b"\x06" + bytes(1536),
    "a message of 16 MB": chunk(20, b"", size=0xFFFFFF),
    "a command above its limit": chunk(20, b"x" * 128, size=100_000),
    "a command that is no AMF": chunk(20, b"\xff\xfe\xfd"),
    "a command without a name": chunk(20, b"\x05"),
    "a command cut off": chunk(20, b"\x02\x00\x20conn"),
    "AMF nested without end": chunk(20, b"\x0a\x00\x00\x00\x01" * 24),
    "media before a publish": chunk(9, b"\x17\x00\x00\x00\x00"),
    "a chunk size of zero": chunk(1, bytes(4)),
    "a chunk without a header": b"\xc9",
    "garbage": bytes(random.Random(1).randbytes(5000)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_malformed_input_costs_the_connection_and_says_so_in_the_log(
    strict: Edge, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with RawEncoder(strict) as encoder:
        if name not in ("not RTMP", "another version"):
            encoder.shake_hands()
        encoder.send(BROKEN[name])
        assert encoder.hung_up(seconds=3)
    assert "closed: " in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("sent", [0, 1, 1000, 1537, 1537 + 1536, 1537 + 1536 + 20])
def test_an_encoder_that_stops_talking_is_cut(strict: Edge, sent: int) -> None:
    with RawEncoder(strict) as encoder:
        whole = handshake.ask(digests=False) + bytes(1536) + connect_packet()
        encoder.send(whole[:sent])
        assert encoder.hung_up(seconds=4)


def test_a_slow_loris_is_cut_however_regularly_it_sends(strict: Edge) -> None:
    began = time.monotonic()
    with RawEncoder(strict) as encoder:
        encoder.socket.settimeout(0.05)
        encoder.send(b"\x03")
        while time.monotonic() - began < 5:
            try:
                if not encoder.socket.recv(1):
                    break
            except TimeoutError:
                pass
            except OSError:
                break
            encoder.send(b"\x00")
    assert time.monotonic() - began < 3


def test_a_publisher_that_drips_one_frame_for_ever_is_cut(strict: Edge, make_flv: FlvMaker) -> None:
    encoder = LiveEncoder(strict, make_flv(seconds=3))
    eventually(lambda: strict.gate.lives)
    encoder.fall_silent()
    eventually(encoder.gone.is_set)
    eventually(lambda: strict.gate.interruptions)
    assert strict.gate.interruptions[0][2] == "silent"


def test_an_encoder_that_never_reads_is_cut(strict: Edge) -> None:
    with RawEncoder(strict) as encoder:
        encoder.shake_hands()
        ping = chunk(4, struct.pack(">HI", 6, 1))
        encoder.socket.settimeout(2)
        began = time.monotonic()
        try:
            while time.monotonic() - began < 5:
                encoder.socket.sendall(ping * 1000)
        except OSError:
            pass
        assert time.monotonic() - began < 4


def test_a_hundred_connections_from_one_address_get_their_share(strict: Edge, make_flv: FlvMaker) -> None:
    encoders = [RawEncoder(strict) for _ in range(100)]
    try:
        eventually(lambda: strict.call(lambda: strict.node.listeners.rtmp.connections) == 10)
        closed = sum(encoder.hung_up(seconds=0.01) for encoder in encoders)
        assert closed >= 90
    finally:
        for encoder in encoders:
            encoder.socket.close()
    eventually(lambda: strict.call(lambda: strict.node.listeners.rtmp.connections) == 0)
    publish(strict, make_flv(seconds=3))
    assert strict.gate.claims, "and then there is room again"


@pytest.mark.parametrize(
    ("tag", "code", "words"),
    [
        (
            Tag(9, 0, b"\x1c\x00\x00\x00\x00hevc"),
            "UNSUPPORTED_VIDEO_CODEC",
            "HEVC video is not supported. Use",
        ),
        (Tag(9, 0, b"\x90hvc1hevc"), "UNSUPPORTED_VIDEO_CODEC", "HEVC video is not supported. Use"),
        (Tag(9, 0, b"\x90av01"), "UNSUPPORTED_VIDEO_CODEC", "AV1 video is not supported. Use"),
        (Tag(8, 0, b"\x90Opus"), "UNSUPPORTED_AUDIO_CODEC", "Opus audio is not supported. Use AAC"),
        (Tag(9, 0, b"\x17\x00\x00\x00\x00garbage"), "MALFORMED_MEDIA", "cannot be used"),
    ],
)
def test_codecs_we_cannot_serve_are_refused_with_a_reason(
    strict: Edge, tag: Tag, code: str, words: str
) -> None:
    error = refusal(strict, [tag])
    assert "NetStream.Publish.Rejected" in str(error) and words in str(error)
    eventually(lambda: strict.gate.interruptions)
    assert strict.gate.refusals[0][0] == code and words in strict.gate.refusals[0][1]
    assert strict.gate.interruptions[0][2] == "refused"


def test_a_frame_above_the_limit_costs_the_connection(strict: Edge, make_flv: FlvMaker) -> None:
    big = Tag(9, 0, b"\x17\x01\x00\x00\x00" + bytes(300_000))
    assert refusal(strict, [*make_flv(seconds=1)[:3], big])
    eventually(lambda: strict.gate.interruptions)


def test_frames_that_are_truncated_or_random_do_not_crash_the_stream(
    strict: Edge, make_flv: FlvMaker
) -> None:
    noise = random.Random(2)
    tags = [
        Tag(tag.kind, tag.timestamp, tag.body[:9] + noise.randbytes(max(len(tag.body) - 9, 0)))
        if tag.kind == 9 and tag.body[1] == 1
        else tag
        for tag in make_flv(seconds=3)
    ]
    publish(strict, tags)
    assert strict.get("stream.m3u8").status_code == 200


@given(data=st.binary(max_size=600), kind=st.sampled_from([1, 2, 3, 4, 5, 6, 8, 9, 15, 17, 18, 20, 22, 99]))
def test_random_messages_leave_the_server_standing(strict: Edge, data: bytes, kind: int) -> None:
    with RawEncoder(strict) as encoder:
        encoder.connect()
        encoder.send(chunk(kind, data[:128], size=len(data[:128])) + data[128:])
    assert strict.http.get("/live/healthz").status_code == 200


def test_the_others_do_not_notice(make_flv: FlvMaker) -> None:
    """While all of it happens at once, a stream goes on without a late part."""
    with Edge() as edge:
        encoder = LiveEncoder(edge, make_flv(seconds=8))
        eventually(lambda: edge.gate.lives)
        parts = edge.streams["stream"].parts
        began = time.monotonic()
        for name, data in BROKEN.items():
            for _ in range(5):
                with RawEncoder(edge) as other:
                    if name not in ("not RTMP", "another version"):
                        other.shake_hands()
                    other.send(data)
        refusal(edge, [], key="wrong")
        eventually(lambda: time.monotonic() - began > 2)
        made = edge.streams["stream"].parts - parts
        assert made >= 5 * (time.monotonic() - began) - 4
        assert not edge.gate.interruptions
        encoder.stop()


class FaultySink:
    """What must never happen, and has: letting go of a session fails."""

    media_seconds = 0.0

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None: ...

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None: ...

    def on_metadata(self, properties: dict[str, Any]) -> None: ...

    def on_refused(self, refusal: Refused) -> None: ...

    def on_gone(self, reason: str) -> None:
        raise RuntimeError("a fault of ours")


class FaultyDoor:
    async def admit(self, session: RtmpSession, key: str) -> Sink:
        return FaultySink()


def test_a_fault_in_one_session_does_not_end_the_watch_over_the_others() -> None:
    async def run() -> int:
        server = RtmpServer(FaultyDoor(), DoorLimits(idle_seconds=0.3))
        url = f"rtmp://127.0.0.1:{await server.start('127.0.0.1', 0)}/live"
        encoders = [await RtmpPublisher.connect(url, key) for key in ("one", "two")]
        async with asyncio.timeout(10):
            for encoder in encoders:
                await encoder.wait_closed()
                await encoder.close()
            while server.connections:
                await asyncio.sleep(0.02)
        await server.stop()
        return server.connections

    assert asyncio.run(run()) == 0


def test_keys_are_never_logged(strict: Edge, make_flv: FlvMaker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    strict.gate.keys["live_secret"] = "stream"
    publish(strict, make_flv(seconds=1), key="live_secret")
    refusal(strict, [], key="wrong_secret")
    assert "secret" not in caplog.text
