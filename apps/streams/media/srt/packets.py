"""Packets of SRT as bytes (the draft, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import error as StructError
from struct import pack, unpack_from

HEADER = 16
SEQUENCE_MASK = 0x7FFFFFFF
CONTROL = 0x80000000
_RANGE = 0x80000000
_HANDSHAKE_BYTES = 48


class SrtError(ValueError):
    """A packet that no implementation of SRT sends."""


class Kind(IntEnum):
    """Control packets (3.2)."""

    HANDSHAKE = 0
    KEEPALIVE = 1
    ACK = 2
    NAK = 3
    SHUTDOWN = 5
    ACKACK = 6
    DROP = 7


class Step(IntEnum):
    """Handshake types (3.2.1) that a caller may send; a refusal is 1000 and a reason."""

    INDUCTION = 1
    CONCLUSION = 0xFFFFFFFF


class Extension(IntEnum):
    """Handshake extensions (3.2.1.1 and after)."""

    HSREQ = 1
    HSRSP = 2
    KMREQ = 3
    STREAM_ID = 5
    CONGESTION = 6
    FILTER = 7
    GROUP = 8


@dataclass(frozen=True, slots=True)
class Handshake:
    """The content of a handshake packet; extensions by type, in network order as they came."""

    version: int
    encryption: int
    flags: int
    sequence: int
    mtu: int
    window: int
    step: int
    socket_id: int
    cookie: int
    extensions: dict[int, bytes]

    def encode(self) -> bytes:
        """Without the packet's header."""
        head = pack(
            ">IHHIIIIII16x",
            self.version,
            self.encryption,
            self.flags,
            self.sequence,
            self.mtu,
            self.window,
            self.step,
            self.socket_id,
            self.cookie,
        )
        parts = [pack(">HH", kind, len(body) // 4) + body for kind, body in self.extensions.items()]
        return b"".join([head, *parts])


def read_handshake(packet: bytes) -> Handshake:
    """A handshake out of a whole packet; SrtError when it is cut off."""
    try:
        fields = unpack_from(">IHHIIIIII", packet, HEADER)
        extensions: dict[int, bytes] = {}
        position = HEADER + _HANDSHAKE_BYTES
        if len(packet) < position:
            raise SrtError("a handshake is cut off")
        while fields[0] >= 5 and position + 4 <= len(packet):
            kind, words = unpack_from(">HH", packet, position)
            position += 4
            body = packet[position : position + 4 * words]
            if len(body) < 4 * words:
                raise SrtError("a handshake extension is cut off")
            extensions.setdefault(kind, body)
            position += 4 * words
    except StructError as error:
        raise SrtError("a handshake is cut off") from error
    return Handshake(*fields, extensions)  # type: ignore[call-arg]


def control(kind: Kind, to: int, timestamp: int, body: bytes = b"", *, info: int = 0) -> bytes:
    """A control packet to the socket `to`; `timestamp` is in microseconds since the connection began."""
    return pack(">IIII", CONTROL | kind << 16, info, timestamp & 0xFFFFFFFF, to) + body


def text_of(extension: bytes) -> str:
    """The text of a stream id: it travels in words of four bytes that are turned round (3.2.1.3)."""
    data = b"".join(extension[at : at + 4][::-1] for at in range(0, len(extension), 4))
    return data.rstrip(b"\0").decode("utf-8", "replace")


def encode_losses(ranges: Iterable[tuple[int, int]]) -> bytes:
    """A loss list (appendix A) of first and last sequence numbers."""
    parts = []
    for first, last in ranges:
        if first == last:
            parts.append(pack(">I", first & SEQUENCE_MASK))
        else:
            parts.append(pack(">II", _RANGE | first & SEQUENCE_MASK, last & SEQUENCE_MASK))
    return b"".join(parts)


def decode_losses(body: bytes) -> Iterator[tuple[int, int]]:
    """The ranges of a loss list; SrtError for a range without an end."""
    words = unpack_from(f">{len(body) // 4}I", body)
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word & _RANGE:
            yield word, word
        elif position < len(words):
            yield word & SEQUENCE_MASK, words[position] & SEQUENCE_MASK
            position += 1
        else:
            raise SrtError("a loss list without an end")
