"""From a client's bytes to messages: what a websocket library writes is read, whatever else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as Theirs

from apps.core.realtime.closing import Broken
from apps.core.realtime.incoming import Incoming, Opcode, close_code
from tests.properties import MANY

MOST = 8 * 1024


def written(opcode: int, content: bytes, fin: bool = True) -> bytes:
    return Frame(Theirs(opcode), content, fin=fin).serialize(mask=True)


def read(data: bytes, pieces: list[int] | None = None, *, inflates: bool = False) -> list[tuple[int, bytes]]:
    """Everything that `data` holds, fed in pieces of these sizes."""
    incoming, found = Incoming(MOST, inflates=inflates), []
    while data:
        size = max(1, pieces.pop()) if pieces else len(data)
        incoming.feed(data[:size])
        data = data[size:]
        while (message := incoming.next()) is not None:
            found.append(message)
    return found


@MANY
@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 9, 10]), st.binary(max_size=125)), max_size=6),
    st.lists(st.integers(1, 40), max_size=60),
)
def test_frames_are_read_however_they_are_cut(messages: list[tuple[int, bytes]], pieces: list[int]) -> None:
    assert read(b"".join(written(*message) for message in messages), pieces) == messages


@pytest.mark.parametrize("size", [0, 125, 126, 127, MOST])
def test_every_form_of_length_is_read(size: int) -> None:
    assert read(written(Opcode.TEXT, b"x" * size)) == [(Opcode.TEXT, b"x" * size)]


def test_a_message_in_pieces_is_one_and_control_frames_come_between() -> None:
    sent = (
        written(1, b"one ", fin=False)
        + written(9, b"ping")
        + written(0, b"two ", fin=False)
        + written(0, b"!")
    )
    assert read(sent + written(2, b"next")) == [(9, b"ping"), (1, b"one two !"), (2, b"next")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (Frame(Theirs.TEXT, b"hello").serialize(mask=False), 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),
        (b"\xc1\x80\x00\x00\x00\x00", 1002),
        (b"\x09\x80\x00\x00\x00\x00", 1002),
        (b"\x89\xfe\x00\x7e", 1002),
        (written(0, b"of nothing"), 1002),
        (written(1, b"a", fin=False) + written(1, b"b"), 1002),
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 1009),
        (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
        (written(1, b"x" * (MOST + 1)), 1009),
        (written(1, b"x" * MOST, fin=False) + written(0, b"x"), 1009),
    ],
    ids=[
        "no mask", "no such kind", "compressed", "ping in pieces", "long ping", "continues nothing",
        "new before the end", "2**63 bytes", "2**64 bytes", "too large", "too large in pieces",
    ],
)  # fmt: skip
def test_what_breaks_the_protocol_is_refused_with_a_number(data: bytes, code: int) -> None:
    with pytest.raises(Broken) as broken:
        read(data)
    assert broken.value.code == code


def marked(frame: bytes, bits: int = 0x40) -> bytes:
    """The frame with reserved bits; 0x40 says that a compressed message begins."""
    return bytes((frame[0] | bits,)) + frame[1:]


def compressed(content: bytes, frames: int = 1) -> bytes:
    """A message as the library compresses it, in so many frames."""
    data = bytes(PerMessageDeflate(False, False, 15, 15).encode(Frame(Theirs.TEXT, content)).data)
    size = -(-len(data) // frames)
    pieces = [data[n * size : (n + 1) * size] for n in range(frames)]
    first, *others = [written(0 if n else 1, piece, n == frames - 1) for n, piece in enumerate(pieces)]
    return marked(first) + b"".join(others)


@MANY
@given(st.text(max_size=500))
def test_compressed_messages_are_read_where_that_was_agreed(text: str) -> None:
    content = text.encode()
    sent = compressed(content) + written(1, b"as it is") + compressed(content, frames=3)
    assert read(sent, inflates=True) == [(1, content), (1, b"as it is"), (1, content)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (marked(written(1, b"nonsense")), 1002),
        (marked(written(9, b"")), 1002),
        (marked(written(1, b""), 0x20), 1002),
        (written(1, b"a", fin=False) + marked(written(0, b"b")), 1002),
        (compressed(b"x" * (MOST + 1)), 1009),
        (compressed(b"x" * 5_000_000), 1009),
    ],
    ids=["nonsense", "ping", "another bit", "continues", "too large", "bomb"],
)
def test_what_is_no_compressed_message_is_refused(data: bytes, code: int) -> None:
    with pytest.raises(Broken) as broken:
        read(data, inflates=True)
    assert broken.value.code == code


@MANY
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_do_more_than_be_refused(data: bytes, inflates: bool) -> None:
    try:
        read(data, inflates=inflates)
    except Broken as broken:
        assert broken.code in (1002, 1009)


@pytest.mark.parametrize(("content", "code"), [(b"", 1005), (b"\x03\xe8", 1000), (b"\x0f\xa0bye", 4000)])
def test_a_goodbye_tells_its_number(content: bytes, code: int) -> None:
    assert close_code(content) == code


@pytest.mark.parametrize("content", [b"\x03", b"\x03\xed", b"\x00\x01", b"\x13\x88", b"\x03\xe8\xff"])
def test_a_goodbye_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Broken):
        close_code(content)
