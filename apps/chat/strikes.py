"""Whose lines are struck: while a ban or a time-out stands, what its person said is for moderators alone.

One process's copy for one room. Lines are kept whole and struck on their way out, so that they can come back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson

from .payloads import without_parent
from .selectors import Line


class Strikes:
    """Who is kept out, and until when (None: until somebody lifts it)."""

    def __init__(self) -> None:
        self._until: dict[uuid.UUID, datetime | None] = {}

    @property
    def people(self) -> frozenset[uuid.UUID]:
        return frozenset(self._until)

    def begin(self, struck: Mapping[uuid.UUID, datetime | None]) -> None:
        """These people are kept out now."""
        self._until.update(struck)

    def end(self, user_ids: Iterable[uuid.UUID]) -> None:
        """These people are back."""
        for user_id in user_ids:
            self._until.pop(user_id, None)

    def over(self, now: datetime) -> list[uuid.UUID]:
        """Whose time-out has run out."""
        return [user_id for user_id, until in self._until.items() if until is not None and until <= now]

    def shown(self, line: Line, *, to_moderators: bool = False) -> bytes:
        """The line's payload as it may be told. Quotations of struck lines are empty for everybody."""
        payload = line.payload
        if not self._until:
            return payload
        if b'"parent":{' in payload and _parent_author(payload) in self._until:
            payload = without_parent(payload)
        if line.author in self._until:
            told = orjson.loads(payload) | {"struck": True}
            payload = orjson.dumps(told if to_moderators else told | {"content": ""})
        return payload


def people_of(lines: Iterable[Line]) -> set[uuid.UUID]:
    """Who said these lines, and who said what they answer."""
    found = set()
    for line in lines:
        found |= {line.author, _parent_author(line.payload) if b'"parent":{' in line.payload else None}
    return {user_id for user_id in found if user_id is not None}


def _parent_author(payload: bytes) -> uuid.UUID | None:
    author = orjson.loads(payload)["parent"]["user"]["id"]
    return uuid.UUID(author) if author else None
