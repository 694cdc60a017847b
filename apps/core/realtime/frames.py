"""What goes over a websocket: JSON frames, and the bytes that carry them (RFC 6455, section 5.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

# A reader with a low limit for one message (1 MiB is a common default) must still take every batch.
FRAME_MOST = 256 * 1024


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


def head(opcode: int, size: int) -> bytes:
    """What stands before the content of a whole frame, unmasked as a server sends it."""
    first = 0x80 | opcode
    if size < 126:
        return bytes((first, size))
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")


class Outgoing:
    """One text message on its way to many sockets: encoded once, in whichever form a socket takes it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    @cached_property
    def frame(self) -> bytes:
        """The websocket frame."""
        return head(1, len(self.body)) + self.body

    @cached_property
    def text(self) -> str:
        """The message as ASGI servers take it."""
        return self.body.decode()


def bundle(events: list[bytes]) -> list[Outgoing]:
    """Encoded events as few messages: one event as it is, several as a JSON array, each at most FRAME_MOST
    (a single event that is larger goes alone)."""
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
    return Outgoing(batch[0] if len(batch) == 1 else b"[" + b",".join(batch) + b"]")
