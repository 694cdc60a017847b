"""Who is in a room, as one process sees them: viewers to count, people to greet, people who type."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from apps.core import presence
from apps.core.ratelimit import Limit
from apps.core.realtime.connection import Connection
from apps.core.realtime.frames import Outgoing, bundle, encode, frame
from apps.core.realtime.hub import Hub
from apps.core.realtime.topic import Topic

from .selectors import Speaker

# Typing, and all who come and go, are told in rooms of up to so many, over all processes.
SMALL_ROOM = 200
# Beyond, one of those who come or go is told in so many seconds: the room is seen to live, and nobody pays.
SAMPLE_EVERY = 5.0
SAMPLES = Limit("comings", f"1/{SAMPLE_EVERY}")
TYPING_EVERY = 2.0
# Those who type, come or go in a moment are told together: when everybody comes at once, telling each of each
# would cost more than letting them in.
GATHER = 0.5
TELL_EVERY = 5.0
# A reload leaves and comes back: that is no parting.
PARTING = 3.0


@dataclass(frozen=True, slots=True)
class Beat:
    """What the count of one channel must hear: which browsers and people are here (anew, or still), and which
    went."""

    channel_id: uuid.UUID
    here: list[str]
    gone: list[str]
    people: list[str]
    parted: list[str]


# The type of the event, and who came or went.
Passer = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are over all processes: browsers that watch, people in the chat."""

    viewers: int
    people: int


def count_viewers(beats: list[Beat]) -> list[Count]:
    """Tell the shared count and read it, channel by channel. Blocks."""
    presence.see({person for beat in beats for person in beat.people})
    counts = []
    for beat in beats:
        presence.touch(beat.channel_id, beat.here)
        presence.leave(beat.channel_id, beat.gone)
        presence.meet(beat.channel_id, beat.people)
        presence.part(beat.channel_id, beat.parted)
        people = presence.count_people(beat.channel_id)
        counts.append(Count(presence.count(beat.channel_id), people))
    return counts


class Audience:
    """Everything happens on the hub's loop."""

    def __init__(self, hub: Hub, topic: Topic, channel_id: uuid.UUID) -> None:
        self._hub, self._topic, self._channel_id = hub, topic, channel_id
        self._viewers: Counter[str] = Counter()
        self._fresh: set[str] = set()
        self._gone: set[str] = set()
        self._newcomers: list[Connection] = []
        self._beat_at = self._told_at = float("-inf")
        self._told: int | None = None
        self._elsewhere = 0
        self._sampled_at = float("-inf")
        self._people: Counter[str] = Counter()
        self._fresh_people: set[str] = set()
        self._parted: set[str] = set()
        self._partings: dict[str, asyncio.TimerHandle] = {}
        self._passing: list[Passer] = []
        self._typed_at: dict[str, float] = {}
        self._typing: dict[str, dict[str, Any]] = {}

    def welcome(self, connection: Connection) -> None:
        """Tell a newcomer the count with the next beat."""
        self._newcomers.append(connection)

    def watch(self, viewer_id: str) -> None:
        """One more socket of this browser watches."""
        self._viewers[viewer_id] += 1
        self._fresh.add(viewer_id)
        self._gone.discard(viewer_id)

    def unwatch(self, viewer_id: str) -> None:
        """One socket less."""
        self._viewers[viewer_id] -= 1
        if self._viewers[viewer_id] <= 0:
            del self._viewers[viewer_id]
            self._fresh.discard(viewer_id)
            self._gone.add(viewer_id)

    def beat(self) -> Beat | None:
        """What to tell the shared count now; None while there is nothing new and no heartbeat is due."""
        due = self._hub.loop.time() - self._beat_at >= presence.HEARTBEAT
        if not (due or self._newcomers or self._fresh or self._gone or self._fresh_people or self._parted):
            return None
        here, gone = list(self._viewers if due else self._fresh), list(self._gone)
        people, parted = list(self._people if due else self._fresh_people), list(self._parted)
        for told in (self._fresh, self._gone, self._fresh_people, self._parted):
            told.clear()
        if due:
            self._beat_at = self._hub.loop.time()
            self._typed_at.clear()
        return Beat(self._channel_id, here, gone, people, parted)

    def counted(self, shared: Count) -> None:
        """The shared count of the last beat: tell the room when it changed, newcomers in any case."""
        count = shared.viewers
        elsewhere = max(count - len(self._viewers), shared.people - len(self._people))
        self._elsewhere = max(0, elsewhere)
        event = Outgoing(encode(frame("viewers:updated", {"count": count})))
        newcomers, self._newcomers = self._newcomers, []
        now = self._hub.loop.time()
        if count != self._told and now - self._told_at >= TELL_EVERY:
            self._told, self._told_at = count, now
            self._topic.post(event.body)
        elif self._told is not None:
            for connection in newcomers:
                if connection.is_open:
                    connection.write(event)

    def came(self, speaker: Speaker) -> None:
        """A socket of a signed-in person opened."""
        person = str(speaker.user_id)
        self._people[person] += 1
        self._parted.discard(person)
        parting = self._partings.pop(person, None)
        if parting is not None:
            parting.cancel()
        elif self._people[person] == 1:
            self._pass(("chat:user-joined", speaker.brief))
        self._fresh_people.add(person)

    def went(self, speaker: Speaker) -> None:
        """A socket of a signed-in person closed."""
        person = str(speaker.user_id)
        self._people[person] -= 1
        if self._people[person] <= 0:
            del self._people[person]
            self._fresh_people.discard(person)
            self._parted.add(person)
            # Asked now: else a crowd that goes would end as a small room full of partings.
            if (is_small := self._is_small()) or self._is_sample_due():
                self._partings[person] = self._hub.loop.call_later(
                    PARTING, self._part, person, ("chat:user-left", speaker.brief), is_small
                )

    def types(self, speaker: Speaker) -> None:
        """A person types: told together with all others who do, soon."""
        person, now = str(speaker.user_id), self._hub.loop.time()
        if now - self._typed_at.get(person, float("-inf")) < TYPING_EVERY or not self._is_small():
            return
        self._typed_at[person] = now
        if not self._typing:
            self._hub.loop.call_later(GATHER, self._tell_typing)
        self._typing[person] = speaker.brief

    def show_typing(self, users: list[dict[str, Any]]) -> None:
        """Tell the listeners here who types, each without themselves."""
        if not self._is_small():
            return
        to_all = _typing_event(users)
        typists = {user["id"] for user in users}
        for connection in list(self._topic.listeners):
            if connection.person_id not in typists:
                connection.write(to_all)
            elif others := [user for user in users if user["id"] != connection.person_id]:
                connection.write(_typing_event(others))

    def _tell_typing(self) -> None:
        users, self._typing = list(self._typing.values()), {}
        self.show_typing(users)
        self._hub.hint(self._topic.name, {"kind": "typing", "users": users})

    def show_passing(self, passers: list[Passer]) -> None:
        """Tell the listeners here who came and went, each without themselves."""
        events = [(passer[1]["id"], _passing_event(passer)) for passer in passers]
        to_all = bundle([event for _, event in events])
        people = {person for person, _ in events}
        for connection in list(self._topic.listeners):
            messages = to_all
            if connection.person_id in people:
                messages = bundle([event for person, event in events if person != connection.person_id])
            for message in messages:
                connection.write(message)

    def _part(self, person: str, passer: Passer, is_small: bool) -> None:
        self._partings.pop(person, None)
        if is_small:
            self._pass(passer)
        else:
            self._hub.spawn(self._tell_sample(passer))

    def _pass(self, passer: Passer) -> None:
        if not self._passing:
            self._hub.loop.call_later(GATHER, self._tell_gathered)
        self._passing.append(passer)

    def _tell_gathered(self) -> None:
        passers, self._passing = self._passing, []
        # Asked now: a room that filled up meanwhile was never told one by one.
        if self._is_small():
            self.show_passing(passers)
            self._hub.hint(self._topic.name, {"kind": "passing", "passers": passers})
        elif self._is_sample_due():
            self._hub.spawn(self._tell_sample(passers[0]))

    async def _tell_sample(self, passer: Passer) -> None:
        """Of all processes that have somebody to tell of, one does."""
        if not await SAMPLES.atake(self._channel_id.hex):
            self._hub.tell(self._topic.name, _passing_event(passer))

    def _is_sample_due(self) -> bool:
        """Whether this process offers somebody; asked before anybody else is."""
        now = self._hub.loop.time()
        if now - self._sampled_at < SAMPLE_EVERY:
            return False
        self._sampled_at = now
        return True

    def _is_small(self) -> bool:
        return len(self._topic) + self._elsewhere <= SMALL_ROOM


def _typing_event(users: list[dict[str, Any]]) -> Outgoing:
    return Outgoing(encode(frame("chat:typing", {"users": users})), for_many=True)


def _passing_event(passer: Passer) -> bytes:
    type, user = passer
    return encode(frame(type, {"user": user}))
