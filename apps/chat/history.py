"""What a client of a room is shown when it comes, or comes back: the newest lines, and what it missed."""

from __future__ import annotations

import uuid
from collections import deque
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from apps.core.realtime.database import read
from apps.core.realtime.frames import Outgoing, stamp, wrap

from . import selectors
from .removals import Removals
from .selectors import Line
from .strikes import Strikes

HISTORY = 100
RESUME_MOST = 500
HISTORY_BYTES = 512 * 1024
# So many removals, and people kept out, a client that was away is told of; beyond it reads the room anew.
# Clocks and commits may be so far apart.
REMOVED_MOST = 200
STRUCK_MOST = 500
SLACK = timedelta(seconds=10)


class History:
    """Draws what a room knows. `last_seq` is how far the room is at the moment."""

    def __init__(self, ring: deque[Line], removals: Removals, strikes: Strikes) -> None:
        self._ring, self._removals, self._strikes = ring, removals, strikes
        self._newest_frames: dict[bool, Outgoing] = {}

    def forget(self) -> None:
        """What was drawn is outdated."""
        self._newest_frames.clear()

    def mark(self, last_seq: int) -> Outgoing:
        """An empty history: tells a client how far the room is, so that it sees what it missed."""
        return Outgoing(self._drawn([], last_seq))

    def newest(self, last_seq: int, to_moderators: bool) -> Outgoing:
        """The same message for everybody who comes until there is something newer."""
        known = self._newest_frames.get(to_moderators)
        if known is None:
            lines = list(self._ring)[-HISTORY:]
            known = Outgoing(self._drawn(lines, last_seq, to_moderators=to_moderators), for_many=True)
            self._newest_frames[to_moderators] = known
        return known

    def since(
        self,
        after: int,
        older: list[Line],
        removed: dict[str, Any] | None,
        last_seq: int,
        to_moderators: bool,
    ) -> Outgoing:
        """What a client missed that has everything up to number `after`; `older` are lines from the database,
        `removed` what it is told of removals."""
        # What the database had and the room has not shown yet comes live.
        lines = [self._removals.applied(line) for line in older if line.seq <= last_seq]
        reached = lines[-1].seq if lines else after
        if self.first_seq(last_seq) <= reached + 1:
            lines += [line for line in self._ring if line.seq > reached]
        lines = _fitting(lines)
        truncated = (lines[-1].seq if lines else after) < last_seq
        meanwhile = b""
        if removed is not None:
            meanwhile = b"," + orjson.dumps(removed | self._struck_now())[1:-1]
        return Outgoing(self._drawn(lines, last_seq, truncated, meanwhile, to_moderators=to_moderators))

    def first_seq(self, last_seq: int) -> int:
        """The first number of the ring; of an empty one the next to come."""
        return self._ring[0].seq if self._ring else last_seq + 1

    def _struck_now(self) -> dict[str, Any]:
        """What the history tells a client that was away of who is kept out."""
        people = self._strikes.people
        return {"reload": True} if len(people) > STRUCK_MOST else {"struck": list(people)}

    def _drawn(
        self,
        lines: list[Line],
        last_seq: int,
        truncated: bool = False,
        meanwhile: bytes = b"",
        *,
        to_moderators: bool = False,
    ) -> bytes:
        shown = [self._strikes.shown(line, to_moderators=to_moderators) for line in lines]
        payload = b'{"messages":[%b],"lastSeq":%d,"truncated":%b%b}' % (
            b",".join(shown),
            last_seq,
            b"true" if truncated else b"false",
            meanwhile,
        )
        return wrap("chat:history", payload, stamp())


async def removed_since(channel_id: uuid.UUID, after: int, since: datetime) -> dict[str, Any]:
    """What the history tells of removals to a client that was away."""
    found = await read(
        partial(
            selectors.removed_since,
            channel_id,
            up_to=after,
            since=since - SLACK,
            limit=REMOVED_MOST + 1,
        )
    )
    return {"reload": True} if len(found) > REMOVED_MOST else {"removed": found}


def settings_frame(settings: bytes) -> bytes:
    return wrap("chat:settings", settings, stamp())


def _fitting(lines: list[Line]) -> list[Line]:
    """As many of the first lines as one answer may hold."""
    kept, size = 0, 0
    for line in lines[:RESUME_MOST]:
        size += len(line.payload)
        if size > HISTORY_BYTES and kept:
            break
        kept += 1
    return lines[:kept]
