"""The rooms of a process: open from the first listener to the last, compared with the database."""

from __future__ import annotations

import asyncio
import logging
import uuid
import weakref
from functools import partial
from typing import Any, ClassVar

from django.db import Error as DatabaseError
from django.utils import timezone

from apps.channels.models import Channel
from apps.channels.models import topic as topic_name
from apps.core.realtime.connection import Connection
from apps.core.realtime.database import read
from apps.core.realtime.hub import Hub

from . import selectors
from .audience import Beat, count_viewers
from .crowd import PEOPLE
from .notes import messages_note
from .room import Room
from .selectors import Line
from .services import messages
from .store import store_maker
from .writer import RoomWriter

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
# So many messages of one person may wait in a room, or so many times the turns that a person has: the queue
# is everybody's.
WAITING_LEAST, WAITING_TURNS = 40, 4

# Now, not when the first crowd is at the door: loading it takes as long as letting in a hundred.
make_store = store_maker()


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

    async def arrive(self, channel: Channel, connection: Connection) -> Room:
        """The open room, kept for `connection` until it `leave`s. Raises DatabaseError when it can't be read;
        `leave` must follow then, too."""
        topic = await self.hub.arrive(topic_name("room", channel.pk), connection)
        room = self._rooms.get(channel.pk)
        if room is None or room.topic is not topic:
            stored = partial(self._stored, channel.pk)
            writer = RoomWriter(
                self.hub,
                channel.pk,
                self._store,
                messages.take_turns,
                stored,
                lambda: topic.tick,
                most_of_one=max(WAITING_LEAST, WAITING_TURNS * messages.LIMIT.most),
            )
            room = self._rooms[channel.pk] = Room(self.hub, topic, channel, writer)
        await room.opened()
        return room

    async def hear_of_people(self, connection: Connection) -> None:
        """What changes for a person wherever they are reaches this process, until `connection` leaves."""
        topic = await self.hub.arrive(PEOPLE, connection)
        topic.on_note = self._note

    def leave(self, channel_id: uuid.UUID, connection: Connection) -> None:
        """Undo `arrive` and `hear_of_people`, also when they were cut short."""
        if people := self.hub.topics.get(PEOPLE):
            self.hub.leave(people, connection)
        topic = self.hub.topics.get(topic_name("room", channel_id))
        if topic is None:
            return
        self.hub.leave(topic, connection)
        if not len(topic) and (room := self._rooms.pop(channel_id, None)):
            self._last_beats += filter(None, [room.audience.beat()])

    def _note(self, note: dict[str, Any]) -> None:
        for room in self._rooms.values():
            room.crowd.forget([uuid.UUID(bytes=note["user"])])

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
        """The last word on what is missing, and on channels that are gone: hints get lost, the database does
        not lose."""
        rooms = [room for room in self._rooms.values() if room.is_open]
        if not rooms:
            return
        try:
            heads = await read(selectors.heads, [room.channel_id for room in rooms])
        except DatabaseError as error:
            log.warning("The rooms could not be compared with the database: %s", error)
            return
        for room in rooms:
            if self._rooms.get(room.channel_id) is not room:
                continue  # everybody left meanwhile
            if head := heads.get(room.channel_id):
                room.notice_head(head[0])
                room.notice_version(head[1])
            else:
                room.see_off()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._count()
            except Exception:  # the next beat may be better, and the rooms have nobody else who counts
                log.exception("The viewers could not be counted.")

    async def _count(self) -> None:
        beats, self._last_beats = self._last_beats, []
        beats += filter(None, [room.audience.beat() for room in self._rooms.values()])
        for each in self._rooms.values():
            each.let_time_outs_end(timezone.now())
        if not beats:
            return
        counts = await read(count_viewers, beats)
        for beat, count in zip(beats, counts, strict=True):
            if room := self._rooms.get(beat.channel_id):
                room.audience.counted(count)

    async def _close(self) -> None:
        self._of_hubs.pop(self.hub, None)
        await self._count()  # whom this process has seen off is counted here no longer
        await self._store.close()

    async def _finish(self) -> None:
        """Store what was accepted; its senders still hear of it."""
        await asyncio.gather(*(room.writer.finish() for room in self._rooms.values()))
