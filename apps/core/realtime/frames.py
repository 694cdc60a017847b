"""What goes over a websocket: JSON frames, and the bytes that carry them (RFC 6455, section 5.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

from .deflate import deflate

# A reader with a low limit for one message (1 MiB is a common default) must still take every batch.
FRAME_MOST = 256 * 1024
# What is shorter fits into a packet however it is written.
PACKED_FROM = 128


def stamp() -> str:
    """Now in UTC with milliseconds, as every frame carries it: 2026-02-07T12:00:00.000Z."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """UTC with milliseconds and Z, like the timestamp of frames."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def frame(type: str, payload: dict[str, Any]) -> dict[str, Any]:
    """One event in the envelope of the contract: `{type, payload, timestamp}`."""
    return {"type": type, "payload": payload, "timestamp": stamp()}


def encode(event: dict[str, Any]) -> bytes:
    """The event as JSON. UUIDs and datetimes are written as strings."""
    return orjson.dumps(event)


def wrap(type: str, payload: bytes, timestamp: str) -> bytes:
    """The envelope around a payload that is JSON already."""
    return b'{"type":"%b","payload":%b,"timestamp":"%b"}' % (type.encode(), payload, timestamp.encode())


def head(opcode: int, size: int, *, is_compressed: bool = False) -> bytes:
    """What stands before the content of a whole frame, unmasked as a server sends it."""
    first = (0xC0 if is_compressed else 0x80) | opcode
    if size < 126:
        return bytes((first, size))
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")


class Outgoing:
    """One text message on its way to sockets: encoded once, in whichever form a socket takes it.

    One `for_many` is compressed, once, for those that agreed to that. What goes to one alone is not: it would
    cost more than it spares, and compressing somebody's secrets beside somebody else's words tells of them.
    """

    def __init__(self, body: bytes, *, for_many: bool = False) -> None:
        self.body = body
        self.for_many = for_many

    @cached_property
    def frame(self) -> bytes:
        """The websocket frame."""
        return head(1, len(self.body)) + self.body

    @cached_property
    def packed(self) -> bytes:
        """The frame for a socket that inflates."""
        if not self.for_many or len(self.body) < PACKED_FROM:
            return self.frame
        content = deflate(self.body)
        return head(1, len(content), is_compressed=True) + content

    @cached_property
    def text(self) -> str:
        """The message as ASGI servers take it."""
        return self.body.decode()


def bundle(events: list[bytes]) -> list[Outgoing]:
    """Encoded events as few messages for many: one event as it is, several as a JSON array, each at most
    FRAME_MOST (a single event that is larger goes alone)."""
    messages: list[Outgoing] = []
    batch: list[bytes] = []
    size = 0
    for event in events:
        if batch and size + len(event) > FRAME_MOST:
            messages.append(_message(batch))
            batch, size = [], 0
        batch.append(event)
        size += len(event) + 1
    if batch:
        messages.append(_message(batch))
    return messages


def _message(batch: list[bytes]) -> Outgoing:
    body = batch[0] if len(batch) == 1 else b"[" + b",".join(batch) + b"]"
    return Outgoing(body, for_many=True)
