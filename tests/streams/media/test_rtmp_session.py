"""What the RTMP door answers, message by message."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from apps.streams.media import amf0
from apps.streams.media.rtmp import chunks, handshake
from apps.streams.media.rtmp.chunks import ChunkReader, Message
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import RawEncoder


@pytest.fixture
def encoder(edge: Edge) -> Iterator[RawEncoder]:
    with RawEncoder(edge) as raw:
        raw.connect()
        yield raw


def answers(encoder: RawEncoder) -> Iterator[Message]:
    reader = ChunkReader(max_message=100_000, max_streams=16)
    while data := encoder.socket.recv(65536):
        yield from reader.feed(data)


def commands(encoder: RawEncoder) -> Iterator[list[Any]]:
    for message in answers(encoder):
        if message.kind == chunks.COMMAND_AMF0:
            yield amf0.decode_all(message.payload)


def test_connect_is_answered_with_the_limits_of_the_connection(encoder: RawEncoder) -> None:
    kinds = []
    for message in answers(encoder):
        kinds.append(message.kind)
        if message.kind == chunks.COMMAND_AMF0:
            break
    assert kinds == [chunks.WINDOW_ACK_SIZE, chunks.SET_PEER_BANDWIDTH, chunks.COMMAND_AMF0]
    assert amf0.decode_all(message.payload)[3]["code"] == "NetConnection.Connect.Success"


def test_commands_that_are_not_offered_get_an_error(encoder: RawEncoder) -> None:
    encoder.command("play", 9, None, "key")
    replies = commands(encoder)
    assert next(replies)[0] == "_result"
    name, transaction, _, status = next(replies)
    assert (name, transaction, status["code"]) == ("_error", 9.0, "NetConnection.Call.Failed")


def test_what_encoders_announce_is_answered_and_authorises_nothing(edge: Edge, encoder: RawEncoder) -> None:
    for transaction, name in ((2, "releaseStream"), (3, "FCPublish"), (4, "createStream"), (5, "_checkbw")):
        encoder.command(name, transaction, None, "key")
    replies = commands(encoder)
    assert [next(replies)[:2] for _ in range(5)] == [["_result", float(number)] for number in (1, 2, 3, 4, 5)]
    assert not edge.gate.claims


def test_commands_wrapped_for_amf3_are_understood(encoder: RawEncoder) -> None:
    body = b"\x00" + amf0.encode("createStream", 7, None)
    encoder.send(encoder.writer.encode(Message(chunks.COMMAND_AMF3, 0, 0, body), chunk_stream=3))
    replies = commands(encoder)
    next(replies)
    assert next(replies)[:2] == ["_result", 7.0]


def test_a_ping_comes_back(encoder: RawEncoder) -> None:
    ping = struct.pack(">HI", 6, 12345)
    encoder.send(encoder.writer.encode(Message(chunks.USER_CONTROL, 0, 0, ping), chunk_stream=2))
    pong = next(message for message in answers(encoder) if message.kind == chunks.USER_CONTROL)
    assert bytes(pong.payload) == struct.pack(">HI", 7, 12345)


def test_received_bytes_are_acknowledged_in_the_window_asked_for(encoder: RawEncoder) -> None:
    window = Message(chunks.WINDOW_ACK_SIZE, 0, 0, struct.pack(">I", 8192))
    encoder.send(encoder.writer.encode(window, chunk_stream=2))
    for number in range(20):
        encoder.command("createStream", number, None, "x" * 500)
    acknowledgement = next(m for m in answers(encoder) if m.kind == chunks.ACKNOWLEDGEMENT)
    (count,) = struct.unpack(">I", acknowledgement.payload)
    assert count >= 4096


def test_a_publish_is_answered_and_a_second_one_ends_the_connection(edge: Edge, encoder: RawEncoder) -> None:
    encoder.command("publish", 5, None, "key", "live")
    replies = commands(encoder)
    status = next(values for values in replies if values[0] == "onStatus")[3]
    assert (status["level"], status["code"]) == ("status", "NetStream.Publish.Start")
    encoder.command("publish", 6, None, "key", "live")
    assert encoder.hung_up()


def test_media_sent_along_with_the_publish_is_not_lost(edge: Edge, make_flv: FlvMaker) -> None:
    """Some encoders do not wait for the answer."""
    tags = make_flv(seconds=3)[:80]
    with RawEncoder(edge) as encoder:
        encoder.connect()
        publish = amf0.encode("publish", 5, None, "key", "live")
        data = encoder.writer.encode(Message(chunks.COMMAND_AMF0, 0, 1, publish), chunk_stream=3)
        for tag in tags:
            message = Message(tag.kind, tag.timestamp, 1, tag.body)
            data += encoder.writer.encode(message, chunk_stream=6 if tag.kind == chunks.VIDEO else 4)
        encoder.send(data)
        eventually(lambda: edge.gate.lives)


def test_a_large_picture_sent_along_with_the_publish_is_taken(edge: Edge) -> None:
    with RawEncoder(edge) as encoder:
        encoder.connect()
        data = encoder.writer.set_chunk_size(200_000)
        publish = amf0.encode("publish", 5, None, "key", "live")
        data += encoder.writer.encode(Message(chunks.COMMAND_AMF0, 0, 1, publish), chunk_stream=3)
        picture = b"\x17\x01\x00\x00\x00" + bytes(100_000)
        data += encoder.writer.encode(Message(chunks.VIDEO, 0, 1, picture), chunk_stream=6)
        encoder.send(data)
        encoder.command("createStream", 9, None)
        replies = commands(encoder)
        assert next(values for values in replies if values[:2] == ["_result", 9.0])


def test_a_goodbye_right_behind_much_media_is_heard_at_once(edge: Edge, make_flv: FlvMaker) -> None:
    """While an encoder sends much, its socket wakes us for larger pieces; a command is a small one."""
    tags = make_flv(seconds=6, size="1920x1080", video="-c:v libx264 -preset ultrafast -qp 10")
    with RawEncoder(edge) as encoder:
        encoder.connect()
        encoder.command("publish", 5, None, "key", "live")
        replies = commands(encoder)
        assert next(v for v in replies if v[0] == "onStatus")[3]["code"] == "NetStream.Publish.Start"
        began = time.monotonic()
        for tag in tags:
            message = Message(tag.kind, tag.timestamp, 1, tag.body)
            encoder.send(encoder.writer.encode(message, chunk_stream=6))
            time.sleep(max(0.0, tag.timestamp / 4000 - (time.monotonic() - began)))
        encoder.command("deleteStream", 0, None, 1)
        asked = time.monotonic()
        assert next(v for v in replies if v[0] == "onStatus")[3]["code"] == "NetStream.Unpublish.Success"
        assert time.monotonic() - asked < 1


def test_the_second_digest_scheme_is_recognised(edge: Edge) -> None:
    block = handshake.ask(digests=False)[1:]
    signed = handshake._signed(block[:4] + bytes((9, 0, 124, 2)) + block[8:], handshake._PLAYER_KEY, 1)
    answer = handshake.answer(b"\x03" + signed)
    assert handshake._find_digest(answer[1 : 1 + handshake.SIZE], handshake._SERVER_KEY) is not None
    handshake.confirm(answer, b"\x03" + signed)
