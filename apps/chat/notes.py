"""What processes tell each other of a room's lines."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from . import selectors
from .selectors import Line
from .strikes import people_of


def messages_note(lines: list[Line], at: str) -> dict[str, Any]:
    """Stored lines as other processes are told of them."""
    return {
        "kind": "messages",
        "at": at,
        "lines": [line.pack() for line in lines],
    }


def restored_note(channel_id: uuid.UUID, lines: list[Line]) -> dict[str, Any]:
    """Lines that are there again, as every process is told of them, and who of their people is kept out: a
    room knows that only of those whose lines it holds."""
    struck = selectors.struck_among(channel_id, people_of(lines))
    return {
        "kind": "restored",
        "lines": [line.pack() for line in lines],
        "struck": [(user_id.bytes, until and until.isoformat()) for user_id, until in struck.items()],
    }


def unpack_struck(packed: Iterable[tuple[bytes, str | None]]) -> dict[uuid.UUID, datetime | None]:
    return {uuid.UUID(bytes=who): datetime.fromisoformat(until) if until else None for who, until in packed}
