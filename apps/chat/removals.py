"""What was removed from a room of late: a copy that is still on its way must be told without its content."""

from __future__ import annotations

import uuid
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import replace

import orjson

from .payloads import without_content, without_parent
from .selectors import Line

REMOVALS_MOST = 200
CLEARINGS_MOST = 20


class Removals:
    """One process's memory of one room, bounded. The database has the last word on what is older."""

    def __init__(self) -> None:
        self._removed: OrderedDict[uuid.UUID, str] = OrderedDict()
        self._clearings: deque[tuple[uuid.UUID | None, int, str]] = deque(maxlen=CLEARINGS_MOST)
        self._cleared_to = 0

    def remove(self, message_id: uuid.UUID, at: str) -> None:
        """One message was removed at `at` (ISO 8601)."""
        self._removed[message_id] = at
        if len(self._removed) > REMOVALS_MOST:
            self._removed.popitem(last=False)

    def clear(self, user_id: uuid.UUID | None, up_to: int, at: str) -> None:
        """All up to a number was removed, or all of one person."""
        self._clearings.append((user_id, up_to, at))
        self._cleared_to = max(self._cleared_to, up_to)

    def restore(self, message_ids: Iterable[uuid.UUID]) -> None:
        """These are there again, also when they were among what was cleared."""
        for message_id in message_ids:
            self._removed.pop(message_id, None)
        self._clearings.clear()
        self._cleared_to = 0

    def applied(self, line: Line) -> Line:
        """The line as it may be shown."""
        if not self._removed and line.seq > self._cleared_to:
            return line
        at = self._removed.get(line.id) or (self._cleared_at(line) if line.seq <= self._cleared_to else None)
        if at is not None:
            line = replace(line, payload=without_content(line.payload, at))
        if b'"parent":{' in line.payload and self._has_lost_its_parent(line):
            line = replace(line, payload=without_parent(line.payload))
        return line

    def _cleared_at(self, line: Line) -> str | None:
        return self._cleared_with(line.seq, orjson.loads(line.payload)["user"]["id"])

    def _has_lost_its_parent(self, line: Line) -> bool:
        parent = orjson.loads(line.payload)["parent"]
        if uuid.UUID(parent["id"]) in self._removed:
            return True
        # What it answers is older; of an answer that came after a clearing the store knew what was removed.
        return self._cleared_with(line.seq, parent["user"]["id"]) is not None

    def _cleared_with(self, seq: int, author: str) -> str | None:
        """When what this author said up to this number was cleared away, if it was."""
        for user_id, up_to, at in self._clearings:
            if seq <= up_to and (user_id is None or str(user_id) == author):
                return at
        return None
