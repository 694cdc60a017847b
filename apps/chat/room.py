"""A room as one process holds it while somebody here listens: its newest lines, its order, its way out.

Lines arrive from the process's own writer, as notes of other processes, and from the database; whichever way,
they leave in the order of their numbers, each once, without a hole.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.db import Error as DatabaseError

from apps.channels.models import topic as topic_name
from apps.core.realtime.connection import Connection
from apps.core.realtime.database import read
from apps.core.realtime.frames import Outgoing, encode, frame, stamp, wrap
from apps.core.realtime.hub import Hub
from apps.core.realtime.topic import Topic

from . import selectors
from .audience import Audience, Beat, count_viewers
from .payloads import without_content
from .selectors import Line
from .store import make_store
from .writer import RoomWriter

log = logging.getLogger(__name__)

RING = 500
HISTORY = 100
RESUME_MOST = 500
HISTORY_BYTES = 512 * 1024
# Batches of two processes may cross on their way: the earlier one gets so long before the database is asked.
PATIENCE = 0.05
REMOVALS = 200
AHEAD_MOST = 2_000
BEAT_SECONDS = 1.0


class Room:
    """Made by `Rooms`; everything happens on the hub's loop."""

    def __init__(self, hub: Hub, topic: Topic, channel_id: uuid.UUID, writer: RoomWriter) -> None:
        self.hub, self.topic, self.channel_id, self.writer = hub, topic, channel_id, writer
        self.audience = Audience(hub, topic, channel_id)
        self.last_seq = 0
        self._ring: deque[Line] = deque(maxlen=RING)
        self._ahead: dict[int, Line] = {}
        self._head = 0
        self._filling: asyncio.Task[None] | None = None
        self._removed: OrderedDict[uuid.UUID, str] = OrderedDict()
        self._newest_frame: Outgoing | None = None
        self._is_open = False
        self._opening: asyncio.Task[None] | None = None
        topic.on_note = self.note

    async def opened(self) -> None:
        """Return once the room is read; many may wait for the one reading. Raises DatabaseError."""
        if self._is_open:
            return
        if self._opening is None or self._opening.done():
            self._opening = self.hub.spawn(self._open())
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        """Read the newest lines. What arrives meanwhile waits its turn."""
        last_seq, lines = await read(selectors.open_room, self.channel_id, HISTORY)
        self.last_seq = last_seq
        self._ring.extend(self._as_it_is(line) for line in lines)
        self._is_open = True
        self._ahead = {seq: line for seq, line in self._ahead.items() if seq > last_seq}
        self._release(stamp())
        self.notice_head(self._head)  # nobody fetched what was missing while the room was being read

    async def history(self, after: int | None) -> Callable[[], Outgoing]:
        """What a client needs that has everything up to number `after` (None: nothing). The answer is made
        when the returned function is called, right before the client hears live frames."""
        if after is None or after > self.last_seq:
            return self._newest
        older: list[Line] = []
        if after < self._ring_start() - 1:
            older = await read(selectors.lines_after, self.channel_id, after, RESUME_MOST)
        return lambda: self._since(after, older)

    def mark(self) -> Outgoing:
        """An empty history: tells a client how far the room is, so that it sees what it missed."""
        return self._history([], truncated=False)

    def hear(self, lines: list[Line], at: str) -> None:
        """Take lines in any order; show those whose turn it is. `at` is their frames' timestamp."""
        for line in lines:
            if line.seq > self.last_seq or not self._is_open:
                self._ahead[line.seq] = line
        self._release(at)
        if self._ahead:
            self._head = max(self._head, *self._ahead)
            if len(self._ahead) > AHEAD_MOST:
                self._ahead.clear()  # the database has them all
            self.hub.loop.call_later(PATIENCE, self.notice_head, self._head)

    def notice_head(self, seq: int) -> None:
        """The database has numbers up to `seq`: fetch what did not come by itself."""
        self._head = max(self._head, seq)
        if self._is_open and self._head > self.last_seq and (self._filling is None or self._filling.done()):
            self._filling = self.hub.spawn(self._fill())

    def note(self, note: dict[str, Any]) -> None:
        """What another process, or a thread of this one, tells about the room."""
        match note["kind"]:
            case "messages":
                lines = [Line(seq, uuid.UUID(bytes=id), payload) for seq, id, payload in note["lines"]]
                self.hear(lines, note["at"])
            case "deleted":
                self._remove(uuid.UUID(bytes=note["id"]), note["seq"], note["at"])
            case "typing":
                self.audience.show_typing(note["users"])

    def _release(self, at: str) -> None:
        if not self._is_open:
            return
        due: list[Line] = []
        while (line := self._ahead.pop(self.last_seq + 1, None)) is not None:
            due.append(self._as_it_is(line))
            self.last_seq += 1
        if due:
            self._ring.extend(due)
            self._newest_frame = None
            self.topic.post(*[wrap("chat:message", line.payload, at) for line in due])

    async def _fill(self) -> None:
        while self._head > self.last_seq:
            try:
                lines = await read(selectors.lines_after, self.channel_id, self.last_seq, RESUME_MOST)
            except DatabaseError as error:  # housekeeping notices the head again
                log.warning("A hole in a room could not be filled: %s", error)
                return
            # The database has no more below the first of them, and none at all beyond the last.
            self.last_seq = max(self.last_seq, lines[0].seq - 1 if lines else self._head)
            self.hear(lines, stamp())

    def _remove(self, message_id: uuid.UUID, seq: int, at: str) -> None:
        self._removed[message_id] = at
        if len(self._removed) > REMOVALS:
            self._removed.popitem(last=False)
        for place, line in enumerate(self._ring):
            if line.id == message_id:
                self._ring[place] = self._as_it_is(line)
        self._newest_frame = None
        self.topic.post(encode(frame("chat:deleted", {"id": str(message_id), "seq": seq, "deletedAt": at})))

    def _as_it_is(self, line: Line) -> Line:
        """The line, without its content when it was removed while it was on its way."""
        at = self._removed.get(line.id)
        return line if at is None else Line(line.seq, line.id, without_content(line.payload, at))

    def _newest(self) -> Outgoing:
        """The same frame for everybody who comes until there is something newer."""
        if self._newest_frame is None:
            self._newest_frame = self._history(list(self._ring)[-HISTORY:], truncated=False)
        return self._newest_frame

    def _since(self, after: int, older: list[Line]) -> Outgoing:
        # What the database had and the room has not shown yet comes live.
        lines = [self._as_it_is(line) for line in older if line.seq <= self.last_seq]
        reached = lines[-1].seq if lines else after
        if self._ring_start() <= reached + 1:
            lines += [line for line in self._ring if line.seq > reached]
        lines = _fitting(lines)
        return self._history(lines, truncated=(lines[-1].seq if lines else after) < self.last_seq)

    def _history(self, lines: list[Line], truncated: bool) -> Outgoing:
        payload = b'{"messages":[%b],"lastSeq":%d,"truncated":%b}' % (
            b",".join([line.payload for line in lines]),
            self.last_seq,
            b"true" if truncated else b"false",
        )
        return Outgoing(wrap("chat:history", payload, stamp()))

    def _ring_start(self) -> int:
        """The first number of the ring; of an empty one the next to come."""
        return self._ring[0].seq if self._ring else self.last_seq + 1


class Rooms:
    """The rooms of one hub: opened with the first listener, closed with the last."""

    _of_hubs: ClassVar[weakref.WeakKeyDictionary[Hub, Rooms]] = weakref.WeakKeyDictionary()

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._store = make_store()
        self._rooms: dict[uuid.UUID, Room] = {}
        # What the audiences of closed rooms still have to tell: who went last.
        self._last_beats: list[Beat] = []
        hub.every_so_often(self._compare_heads)
        hub.before_drain(self._finish)
        hub.at_stop(self._close)
        hub.spawn(self._beat())

    @classmethod
    def here(cls) -> Rooms:
        """The rooms of the running loop's hub."""
        hub = Hub.here()
        rooms = cls._of_hubs.get(hub)
        if rooms is None:
            rooms = cls._of_hubs[hub] = cls(hub)
        return rooms

    async def arrive(self, channel_id: uuid.UUID, connection: Connection) -> Room:
        """The open room, kept for `connection` until it `leave`s. Raises DatabaseError when it can't be read;
        `leave_early` must follow then."""
        topic = await self.hub.arrive(topic_name("room", channel_id), connection)
        room = self._rooms.get(channel_id)
        if room is None or room.topic is not topic:
            writer = RoomWriter(self.hub, channel_id, self._store, partial(self._stored, channel_id))
            room = self._rooms[channel_id] = Room(self.hub, topic, channel_id, writer)
        await room.opened()
        return room

    def leave(self, channel_id: uuid.UUID, connection: Connection) -> None:
        """Undo `arrive`, also one that was cut short."""
        topic = self.hub.topics.get(topic_name("room", channel_id))
        if topic is None:
            return
        self.hub.leave(topic, connection)
        if not len(topic) and (room := self._rooms.pop(channel_id, None)):
            self._last_beats += filter(None, [room.audience.beat()])

    def _stored(self, channel_id: uuid.UUID, lines: list[Line], at: str, known: int) -> None:
        """A writer committed `lines`; number `known` (0: none) was there before. The room may be another one
        than that of the writer, or none: everybody left while it wrote, and perhaps came back."""
        if room := self._rooms.get(channel_id):
            room.hear(lines, at)
            if known > room.last_seq:
                room.notice_head(known)
        if lines:
            self.hub.hint(topic_name("room", channel_id), messages_note(lines, at))

    async def _compare_heads(self) -> None:
        """The last word on what is missing: hints get lost, the database does not lose."""
        if not self._rooms:
            return
        try:
            heads = await read(selectors.last_numbers, list(self._rooms))
        except DatabaseError as error:
            log.warning("The rooms could not be compared with the database: %s", error)
            return
        for channel_id, seq in heads.items():
            if room := self._rooms.get(channel_id):
                room.notice_head(seq)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            beats, self._last_beats = self._last_beats, []
            beats += filter(None, [room.audience.beat() for room in self._rooms.values()])
            if not beats:
                continue
            try:
                counts = await read(count_viewers, beats)
            except Exception:
                log.exception("The viewers could not be counted.")
                continue
            for beat, count in zip(beats, counts, strict=True):
                if room := self._rooms.get(beat.channel_id):
                    room.audience.counted(count)

    async def _close(self) -> None:
        self._of_hubs.pop(self.hub, None)
        await self._store.close()

    async def _finish(self) -> None:
        """Store what was accepted; its senders still hear of it."""
        await asyncio.gather(*(room.writer.finish() for room in self._rooms.values()))


def messages_note(lines: list[Line], at: str) -> dict[str, Any]:
    """Stored lines as other processes are told of them."""
    return {
        "kind": "messages",
        "at": at,
        "lines": [(line.seq, line.id.bytes, line.payload) for line in lines],
    }


def _fitting(lines: list[Line]) -> list[Line]:
    """As many of the first lines as one answer may hold."""
    kept, size = 0, 0
    for line in lines[:RESUME_MOST]:
        size += len(line.payload)
        if size > HISTORY_BYTES and kept:
            break
        kept += 1
    return lines[:kept]
