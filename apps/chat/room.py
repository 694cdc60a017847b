"""A room as one process holds it while somebody here listens: its newest lines, its order, its way out.

Lines arrive from the process's own writer, as notes of other processes, and from the database; whichever way,
they leave in the order of their numbers, each once, without a hole. Rules and people are copies of what the
database holds: a note says when they changed, and the version of the rulebook tells of a note that was lost.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import Error as DatabaseError

from apps.channels.models import Channel
from apps.core.realtime.closing import Close
from apps.core.realtime.database import read
from apps.core.realtime.frames import Outgoing, encode, frame, iso, stamp, wrap
from apps.core.realtime.hub import Hub
from apps.core.realtime.topic import Topic

from . import history, selectors
from .audience import Audience
from .crowd import Crowd
from .history import settings_frame
from .identity import forget_channels
from .notes import unpack_struck
from .payloads import parent_of, without_content, without_parent
from .removals import Removals
from .rules import Memory, RoomRules
from .selectors import Line, said_in
from .strikes import Strikes, people_of
from .writer import RoomWriter

log = logging.getLogger(__name__)

RING = 500
# So far back it is known whose lines are struck: as far as a page that missed the most shows.
REACH = RING + history.RESUME_MOST
# Batches of two processes may cross on their way: the earlier one gets so long before the database is asked.
PATIENCE = 0.05
AHEAD_MOST = 2_000
BEAT_SECONDS = 1.0
# So many restored messages fit into one frame whatever they hold.
A_FRAME = 80


class Room:
    """Made by `Rooms`; everything happens on the hub's loop."""

    rules: RoomRules

    def __init__(self, hub: Hub, topic: Topic, channel: Channel, writer: RoomWriter) -> None:
        self.hub, self.topic, self.channel, self.writer = hub, topic, channel, writer
        self.channel_id = channel.pk
        self.audience = Audience(hub, topic, channel.pk)
        self.crowd = Crowd(hub, channel)
        self.memory = Memory()
        self.version = 0
        self._settings = b""
        self._is_outdated = False
        self._reading: asyncio.Task[None] | None = None
        self.last_seq = 0
        self._ring: deque[Line] = deque(maxlen=RING)
        self._ahead: dict[int, Line] = {}
        self._head = 0
        self._filling: asyncio.Task[None] | None = None
        self._removals = Removals()
        self._strikes = Strikes()
        self._back: set[uuid.UUID] = set()
        self._history = history.History(self._ring, self._removals, self._strikes)
        self.is_open = False
        self._opening: asyncio.Task[None] | None = None
        topic.on_note = self.note

    async def opened(self) -> None:
        """Return once the room is read; many may wait for the one reading. Raises DatabaseError."""
        if self.is_open:
            return
        if self._opening is None or self._opening.done():
            self._opening = self.hub.spawn(self._open())
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        """Read the newest lines. What arrives meanwhile waits its turn."""
        last_seq, lines, state = await read(selectors.open_room, self.channel, history.HISTORY)
        struck = await read(selectors.struck_lately, self.channel_id, last_seq, REACH)
        # All is read: a try that fails leaves nothing behind for the next one.
        self.version, self.rules, self._settings = state.version, state.rules, state.settings
        self.last_seq = last_seq
        self._ring.extend(map(self._removals.applied, lines))
        self._strikes.begin(struck)
        self.is_open = True
        self._hear_all(self._ring)
        self._ahead = {seq: line for seq, line in self._ahead.items() if seq > last_seq}
        self._release(stamp())
        self.notice_head(self._head)  # nobody fetched what was missing while the room was being read
        if self._is_outdated:
            self._look_anew()

    async def history(
        self, after: int | None, since: datetime | None = None, *, to_moderators: bool = False
    ) -> Callable[[], Outgoing]:
        """What a client needs that has everything up to number `after` (None: nothing), and heard of every
        removal until `since`. The answer is made when the returned function is called, right before the
        client hears live frames."""
        if after is None or after > self.last_seq:
            return lambda: self._history.newest(self.last_seq, to_moderators)
        older: list[Line] = []
        if after < self._history.first_seq(self.last_seq) - 1:
            older = await self._lines_after(after)
        removed = None if since is None else await history.removed_since(self.channel_id, after, since)
        return lambda: self._history.since(after, older, removed, self.last_seq, to_moderators)

    def terms(self, you: bytes | None = None) -> Outgoing:
        """What holds in the room, and what a signed-in newcomer may do here."""
        settings = settings_frame(self._settings)
        return Outgoing(settings if you is None else b"[%b,%b]" % (settings, you))

    def mark(self) -> Outgoing:
        """An empty history: tells a client how far the room is, so that it sees what it missed."""
        return self._history.mark(self.last_seq)

    def hear(self, lines: list[Line], at: str) -> None:
        """Take lines in any order; show those whose turn it is. `at` is their frames' timestamp."""
        for line in lines:
            if line.seq > self.last_seq or not self.is_open:
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
        if self.is_open and self._head > self.last_seq and (self._filling is None or self._filling.done()):
            self._filling = self.hub.spawn(self._fill())

    def notice_version(self, version: int) -> None:
        """The rulebook has reached `version`: look at what was not told by itself."""
        if version > self.version or self._is_outdated:
            self._look_anew()

    def see_off(self) -> None:
        """The channel is suspended or gone: everybody leaves."""
        forget_channels()
        for connection in [*self.topic.listeners, *self.topic.arriving]:
            connection.close(Close.NOT_FOUND, "There is no such channel.")

    def note(self, note: dict[str, Any]) -> None:
        """What another process, or a thread of this one, tells about the room."""
        is_late = False
        if (version := note.get("version")) is not None:
            is_late = version <= self.version
            if version == self.version + 1:
                self.version = version  # nothing was missed: this very note tells it
            else:
                self.notice_version(version)
        match note["kind"]:
            case "messages":
                self.hear(list(map(Line.unpack, note["lines"])), note["at"])
            case "rules":
                self._look_anew()
            case "deleted":
                self._remove(uuid.UUID(bytes=note["id"]), note["seq"], note["at"])
            case "cleared":
                self._clear(note["user"] and uuid.UUID(bytes=note["user"]), note["up_to"], note["at"])
            case "restored":
                self._strikes.begin(unpack_struck(note["struck"]))
                if is_late:  # who was kept out then may be back
                    self._look_anew()
                lines = list(map(Line.unpack, note["lines"]))
                self._removals.restore(line.id for line in lines)
                self._restore(lines)
            case "person":
                self.crowd.forget([uuid.UUID(bytes=note["user"])])
            case "exclusion":
                user_id = uuid.UUID(bytes=note["user"])
                self.crowd.forget([user_id])
                if is_late:  # what it tells may have been news once
                    self._look_anew()
                else:
                    self._exclude(user_id, note["standing"])
            case "gone":
                self.see_off()
            case "notice":
                told = {"nonce": note["nonce"], "message": note["message"]}
                self.crowd.say(uuid.UUID(bytes=note["user"]), "chat:notice", told)
            case "typing":
                self.audience.show_typing(note["users"])
            case "passing":
                self.audience.show_passing(note["passers"])

    def _release(self, at: str) -> None:
        if not self.is_open:
            return
        due: list[Line] = []
        while (line := self._ahead.pop(self.last_seq + 1, None)) is not None:
            due.append(self._removals.applied(line))
            self.last_seq += 1
        if due:
            self._ring.extend(due)
            self._hear_all(due)
            self._history.forget()
            self.topic.post(*[wrap("chat:message", self._strikes.shown(line), at) for line in due])

    async def _fill(self) -> None:
        while (head := self._head) > self.last_seq:
            try:
                lines = await self._lines_after(self.last_seq)
            except DatabaseError as error:  # housekeeping notices the head again
                log.warning("A hole in a room could not be filled: %s", error)
                return
            # The database has no more below the first of them, and none at all up to the head as it was then:
            # what was stored while it was asked is on its way.
            self.last_seq = max(self.last_seq, lines[0].seq - 1 if lines else head)
            self.hear(lines, stamp())

    def _look_anew(self) -> None:
        """What the room knows may be outdated: compare it with the database, once it is open."""
        self._is_outdated = True
        if self.is_open and (self._reading is None or self._reading.done()):
            self._reading = self.hub.spawn(self._read_rules())

    async def _read_rules(self) -> None:
        while self._is_outdated:
            self._is_outdated = False
            try:
                state = await read(selectors.room_state, self.channel)
                await self._compare_strikes()  # before anything comes back
                if state.version > self.version:  # notes got lost: who may do what, and what was removed
                    await self._catch_up_on_removals()
                    self.crowd.forget()
                await self._bring_back()
            except DatabaseError as error:  # housekeeping tries again
                self._is_outdated = True
                log.warning("The rules of a room could not be read: %s", error)
                return
            self.version, self.rules = max(self.version, state.version), state.rules
            self._hear_all(self._ring)
            if state.settings != self._settings:
                self._settings = state.settings
                self.topic.post(settings_frame(state.settings))

    async def _catch_up_on_removals(self) -> None:
        gone, back = await read(selectors.removals_among, self.channel_id, list(self._ring))
        for place, line in enumerate(self._ring):
            if at := gone.get(line.id):
                self._ring[place] = replace(line, payload=without_content(line.payload, at))
                self._post_deleted(line.id, line.seq, at)
            elif parent_of(line.payload) in gone:
                self._ring[place] = replace(line, payload=without_parent(line.payload))
        self._history.forget()
        if back:
            self._removals.restore(line.id for line in back)
            self._restore(back)

    def _remove(self, message_id: uuid.UUID, seq: int, at: str) -> None:
        self._removals.remove(message_id, at)
        self._redraw()
        self._post_deleted(message_id, seq, at)
        self._look_at_the_pin()

    def _post_deleted(self, message_id: uuid.UUID, seq: int, at: str) -> None:
        self.topic.post(encode(frame("chat:deleted", {"id": str(message_id), "seq": seq, "deletedAt": at})))

    def _clear(self, user_id: uuid.UUID | None, up_to: int, at: str) -> None:
        self._removals.clear(user_id, up_to, at)
        self._redraw()
        told = {"userId": user_id and str(user_id), "upTo": up_to}
        self.topic.post(encode(frame("chat:cleared", told)))
        self._look_at_the_pin()

    def _restore(self, lines: list[Line]) -> None:
        """These lines are as they were said."""
        restored = {line.id: line for line in lines}
        for place, line in enumerate(self._ring):
            self._ring[place] = restored.get(line.id, line)
        self._history.forget()
        for start in range(0, len(lines), A_FRAME):
            shown = b",".join(map(self._strikes.shown, lines[start : start + A_FRAME]))
            self.topic.post(wrap("chat:restored", b'{"messages":[%b]}' % shown, stamp()))

    def let_time_outs_end(self, now: datetime) -> None:
        """Those whose time-out has run out are back by themselves."""
        if over := self._strikes.over(now):
            self._readmit(over)

    def _exclude(self, user_id: uuid.UUID, standing: dict[str, Any] | None) -> None:
        """A ban or a time-out stands on a person now, or (None) none does any more."""
        # What is being read at the moment may be older.
        if not self.is_open or (self._reading is not None and not self._reading.done()):
            self._look_anew()
        if standing is None:
            self._readmit([user_id])
        else:
            until = standing["until"] and datetime.fromisoformat(standing["until"])
            self._strike({user_id: until})

    def _strike(self, struck: Mapping[uuid.UUID, datetime | None]) -> None:
        self._strikes.begin(struck)
        self._history.forget()
        for user_id, until in struck.items():
            kind = "ban" if until is None else "timeout"
            told = {"userId": str(user_id), "kind": kind, "until": until and iso(until)}
            self.topic.post(encode(frame("chat:ban", told)))
        self._look_at_the_pin()

    def _readmit(self, user_ids: Collection[uuid.UUID]) -> None:
        """These people are back. What is pinned may be theirs; what they said comes back with it."""
        if known := self._strikes.people & set(user_ids):
            self._strikes.end(known)
            self._history.forget()
            self._back |= known
            self._look_anew()

    async def _bring_back(self) -> None:
        """What they said who are back is there again, also where it is quoted, for who has the newest lines
        on the screen. From the database: what came while they were kept out came without the quotation."""
        back, self._back = self._back, set()
        found = [line.id for line in self._ring if people_of([line]) & back] if back else []
        if not found:
            return
        lines, version = [], -1
        try:
            while version != self.version:  # a note that came meanwhile knows better than what was read
                version = self.version
                lines = await read(selectors.lines_of, found)
        except DatabaseError:
            self._back |= back
            raise
        self._restore(list(map(self._removals.applied, lines)))

    async def _compare_strikes(self) -> None:
        """The last word on who is kept out, of all whom it matters for."""
        known = self._strikes.people
        standing = await read(selectors.struck_lately, self.channel_id, self.last_seq, REACH, known)
        if begun := {user_id: until for user_id, until in standing.items() if user_id not in known}:
            self._strike(begun)
        self._strikes.begin(standing)
        if ended := known - standing.keys():
            self._readmit(ended)

    async def _lines_after(self, seq: int) -> list[Line]:
        """Lines that the database has, once it is known which of them are struck."""
        lines = await read(selectors.lines_after, self.channel_id, seq, history.RESUME_MOST)
        people = people_of(lines) - self._strikes.people
        if people and (struck := await read(selectors.struck_among, self.channel_id, people)):
            # One reader's question: the others hear only of what they may see.
            self._strikes.begin(struck)
            if shown := struck.keys() & people_of(self._ring):
                self._strike({user_id: struck[user_id] for user_id in shown})
            self._look_anew()  # the note of an end may have come meanwhile
        return lines

    def _look_at_the_pin(self) -> None:
        """What is pinned may be among what was removed, or came back."""
        if b'"pinned":null' not in self._settings:
            self._look_anew()

    def _redraw(self) -> None:
        for place, line in enumerate(self._ring):
            self._ring[place] = self._removals.applied(line)
        self._history.forget()

    def _hear_all(self, lines: Iterable[Line]) -> None:
        """Remember what was said while a rule asks for it."""
        if self.rules.unique or self.rules.automod.remembers:
            self.memory.listen(map(said_in, lines), self.rules)
