"""AMF0, handshakes and chunks: the languages of RTMP, without sockets."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.streams.media import amf0
from apps.streams.media.rtmp import chunks, handshake
from apps.streams.media.rtmp.chunks import ChunkError, ChunkReader, ChunkWriter, Message

plain_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.lists(plain_values, max_size=4))
def test_what_amf0_encodes_it_decodes(values: list[object]) -> None:
    assert amf0.decode_all(amf0.encode(*values)) == values


@given(st.binary(max_size=300))
def test_random_amf0_is_decoded_or_refused_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(amf0.AmfError):
        amf0.decode_all(data)


def test_deeply_nested_amf0_is_refused() -> None:
    with pytest.raises(amf0.AmfError):
        amf0.decode_all(b"\x0a\x00\x00\x00\x01" * 100_000)


def test_a_huge_amf0_array_is_refused_before_it_is_made() -> None:
    with pytest.raises(amf0.AmfError):
        amf0.decode_all(b"\x0a\xff\xff\xff\xff" + b"\x05" * 10)


def test_ecma_arrays_dates_and_long_strings_are_read() -> None:
    ecma = b"\x08\x00\x00\x00\x00\x00\x01a\x01\x01\x00\x00\x09"
    date = b"\x0b" + struct.pack(">d", 5.0) + b"\x00\x00"
    text = b"\x0c\x00\x00\x00\x02hi"
    assert amf0.decode_all(ecma + date + text) == [{"a": True}, 5.0, "hi"]


@pytest.mark.parametrize("digests", [False, True])
def test_our_two_sides_shake_hands(digests: bool) -> None:
    c0c1 = handshake.ask(digests=digests)
    s0s1s2 = handshake.answer(c0c1)
    assert len(s0s1s2) == 1 + 2 * handshake.SIZE
    assert len(handshake.confirm(s0s1s2, c0c1)) == handshake.SIZE


def test_a_plain_handshake_is_echoed() -> None:
    c0c1 = b"\x03" + bytes(8) + b"x" * (handshake.SIZE - 8)
    assert handshake.answer(c0c1)[1 + handshake.SIZE :] == c0c1[1:]


def test_a_forged_server_signature_is_noticed() -> None:
    c0c1 = handshake.ask(digests=True)
    answer = bytearray(handshake.answer(c0c1))
    answer[-1] ^= 1
    with pytest.raises(handshake.HandshakeError):
        handshake.confirm(bytes(answer), c0c1)


def test_another_protocol_version_is_refused() -> None:
    with pytest.raises(handshake.HandshakeError):
        handshake.answer(b"\x06" + bytes(handshake.SIZE))


def reader(**limits: int) -> ChunkReader:
    return ChunkReader(**({"max_message": 1 << 20, "max_streams": 8} | limits))


def read(data: bytes, **limits: int) -> list[Message]:
    return list(reader(**limits).feed(data))


SIZES = st.lists(st.integers(0, 700), min_size=1, max_size=6)


@given(sizes=SIZES, chunk_size=st.sampled_from([1, 2, 127, 128, 129, 4096]), cut=st.integers(1, 4000))
def test_messages_survive_any_cutting(sizes: list[int], chunk_size: int, cut: int) -> None:
    writer, sent, data = ChunkWriter(), [], bytearray()
    data += writer.set_chunk_size(chunk_size)
    for number, size in enumerate(sizes):
        message = Message(chunks.VIDEO, number * 0x7FFFFF, 1, bytes([number]) * size)
        sent.append(message)
        data += writer.encode(message, chunk_stream=4 + number % 3)
    data += writer.encode(Message(chunks.AUDIO, 0, 1, b"end"), chunk_stream=9)
    got, incoming = [], reader()
    for start in range(0, len(data), cut):
        got += list(incoming.feed(bytes(data[start : start + cut])))
    assert [(m.kind, m.timestamp, bytes(m.payload)) for m in got] == [
        (m.kind, m.timestamp & 0xFFFFFFFF, m.payload) for m in [*sent, Message(chunks.AUDIO, 0, 1, b"end")]
    ]


@given(st.binary(max_size=4000))
def test_random_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(ChunkError):
        read(data)


def full(timestamp: int, body: bytes, *, number: int = 4, size: int | None = None) -> bytes:
    header = bytes((number,)) + min(timestamp, 0xFFFFFF).to_bytes(3, "big")
    header += (len(body) if size is None else size).to_bytes(3, "big") + b"\x09\x01\x00\x00\x00"
    return header + (struct.pack(">I", timestamp) if timestamp >= 0xFFFFFF else b"") + body


def test_relative_headers_add_up() -> None:
    same_length = b"\x44" + (40).to_bytes(3, "big") + (3).to_bytes(3, "big") + b"\x09" + b"two"
    same_size = b"\x84" + (30).to_bytes(3, "big") + b"thr"
    again = b"\xc4" + b"fou"
    got = read(full(100, b"one") + same_length + same_size + again)
    assert [message.timestamp for message in got] == [100, 140, 170, 200]


def test_a_chunk_stream_may_begin_with_a_relative_header() -> None:
    (message,) = read(b"\x44" + (40).to_bytes(3, "big") + (3).to_bytes(3, "big") + b"\x09" + b"abc")
    assert (message.timestamp, bytes(message.payload)) == (40, b"abc")


@pytest.mark.parametrize("repeated", [True, False])
def test_times_beyond_four_hours_with_and_without_repeated_extension(repeated: bool) -> None:
    timestamp, body = 0x01234567, bytes(range(200))
    extension = struct.pack(">I", timestamp) if repeated else b""
    first = full(timestamp, body[:128], size=200)
    got = read(first + b"\xc4" + extension + body[128:] + full(5, b"next"))
    assert [(message.timestamp, bytes(message.payload)) for message in got] == [
        (timestamp, body),
        (5, b"next"),
    ]


def test_chunk_stream_numbers_of_two_and_three_bytes() -> None:
    body = full(1, b"abc")[1:]
    got = read(b"\x00\x05" + body + b"\x01\x05\x01" + body)
    assert len(got) == 2


@pytest.mark.parametrize("cut", [1, 129, 1000, 100_000])
def test_chunks_of_several_messages_may_alternate(cut: int) -> None:
    bodies = {6: bytes(range(256)) * 40, 4: bytes(range(255, -1, -1)) * 30}
    data = b"".join(
        full(number, body[:128], number=number, size=len(body)) for number, body in bodies.items()
    )
    left = {number: body[128:] for number, body in bodies.items()}
    while any(left.values()):
        for number in (6, 6, 6, 4, 4):  # runs of one stream, between chunks of the other
            if left[number]:
                data += bytes((0xC0 | number,)) + left[number][:128]
                left[number] = left[number][128:]
    incoming = reader()
    got = [m for start in range(0, len(data), cut) for m in incoming.feed(data[start : start + cut])]
    assert [(m.timestamp, bytes(m.payload)) for m in got] == list(bodies.items())


def test_an_aborted_message_is_forgotten() -> None:
    begun = full(1, b"x" * 128, size=300)
    abort = b"\x02" + bytes(3) + (4).to_bytes(3, "big") + b"\x02" + bytes(4) + struct.pack(">I", 4)
    got = read(begun + abort + full(2, b"whole"))
    assert [bytes(message.payload) for message in got] == [b"whole"]


@pytest.mark.parametrize(
    "data",
    [
        full(0, b"", size=0xFFFFFF),
        b"\xc5",
        full(0, b"x" * 128, size=300) + full(0, b"y"),
        b"\x02" + bytes(3) + (4).to_bytes(3, "big") + b"\x01" + bytes(4) + bytes(4),
        b"\x02" + bytes(3) + (4).to_bytes(3, "big") + b"\x01" + bytes(4) + b"\xff\xff\xff\xff",
        b"".join(full(0, b"x", number=number) for number in range(3, 20)),
    ],
    ids=[
        "too large",
        "no header",
        "inside another",
        "chunk size 0",
        "chunk size 2^32",
        "too many chunk streams",
    ],
)
def test_broken_chunks_are_refused(data: bytes) -> None:
    with pytest.raises(ChunkError):
        read(data)


def test_unfinished_messages_are_bounded_in_sum() -> None:
    with pytest.raises(ChunkError):
        incoming = reader(max_message=10_000, max_streams=64)
        big = b"\x02" + bytes(3) + (4).to_bytes(3, "big") + b"\x01" + bytes(4) + struct.pack(">I", 9_000)
        list(
            incoming.feed(big + b"".join(full(0, b"x" * 9_000, number=n, size=10_000) for n in range(3, 60)))
        )


def test_messages_that_begin_small_and_grow_together_are_bounded_in_sum() -> None:
    incoming = reader(max_message=10_000, max_streams=64)
    list(incoming.feed(b"".join(full(0, b"x" * 128, number=n, size=10_000) for n in range(3, 60))))
    with pytest.raises(ChunkError):
        for _ in range(10):
            list(incoming.feed(b"".join(bytes((0xC0 | n,)) + b"x" * 128 for n in range(3, 60))))
