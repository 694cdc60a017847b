"""The signed-in people of a room in one process: what is known of each, and by which sockets they are here.

What is known is a copy. Whoever changes it tells the room, which then looks anew; a person is told what they
may do (`chat:you`) whenever that is another than they were told last.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from apps.channels.models import Channel
from apps.core.realtime.connection import Connection
from apps.core.realtime.frames import Outgoing, encode, frame, stamp, wrap
from apps.core.realtime.hub import Hub
from apps.core.realtime.socket import Refused

from .identity import channel_at, speaker_of
from .payloads import you_payload
from .selectors import Speaker

log = logging.getLogger(__name__)

# Notes about people, in whichever rooms they are.
PEOPLE = "people"
# How long a person's card, badges and powers are taken from memory when nobody says that they changed.
KNOWN_SECONDS = 30.0
# The database does not answer: it is asked again so much later.
AGAIN_SECONDS = 2.0


@dataclass(slots=True)
class Person:
    """One person, present by at least one socket. `told` is the last `chat:you` they were sent, on those
    sockets that have been `greeted`."""

    connections: set[Connection] = field(default_factory=set)
    greeted: set[Connection] = field(default_factory=set)
    speaker: Speaker | None = None
    read_at: float = 0.0
    is_stale: bool = True
    told: bytes = b""


class Crowd:
    """Everything happens on the hub's loop."""

    def __init__(self, hub: Hub, channel: Channel) -> None:
        self._hub, self._channel = hub, channel
        self._people: dict[uuid.UUID, Person] = {}

    def enter(self, user_id: uuid.UUID, connection: Connection) -> None:
        """A socket of this person: from now on no change of what is known of them is missed."""
        self._people.setdefault(user_id, Person()).connections.add(connection)

    def leave(self, user_id: uuid.UUID, connection: Connection) -> None:
        """Undo `enter`."""
        person = self._people.get(user_id)
        if person is not None:
            person.connections.discard(connection)
            person.greeted.discard(connection)
            if not person.connections:
                del self._people[user_id]

    async def speaker(self, user_id: uuid.UUID, *, known: float | None = None) -> Speaker:
        """What is known of a person who is here, and was read in the last `known` seconds (KNOWN_SECONDS).
        Raises Refused when their account is gone, or the channel."""
        person = self._people[user_id]
        if self._hub.loop.time() - person.read_at > (KNOWN_SECONDS if known is None else known):
            person.is_stale = True
        while person.speaker is None or person.is_stale:
            person.is_stale, read_at = False, self._hub.loop.time()
            try:
                speaker = await speaker_of(user_id, await channel_at(self._channel.slug))
            except BaseException:
                person.is_stale = True
                raise
            if not person.is_stale:  # else it changed while it was being read
                person.speaker, person.read_at = speaker, read_at
        return person.speaker

    def has_spoken(self, user_id: uuid.UUID) -> None:
        """The person's first message was stored."""
        person = self._people.get(user_id)
        if person is not None and person.speaker is not None and not person.speaker.has_spoken:
            person.speaker = replace(person.speaker, has_spoken=True)

    def greet(self, user_id: uuid.UUID, connection: Connection) -> bytes:
        """The encoded `chat:you` for a socket that hears of every change from now on."""
        person = self._people[user_id]
        assert person.speaker is not None
        you = self._tell(user_id, person.speaker)
        person.greeted.add(connection)
        return you

    def forget(self, user_ids: Iterable[uuid.UUID] | None = None) -> None:
        """What is known of these people (None: of all) may have changed: look anew, and tell them."""
        changed = [uid for uid in (self._people if user_ids is None else user_ids) if uid in self._people]
        for user_id in changed:
            self._people[user_id].is_stale = True
        if changed:
            self._hub.spawn(self._tell_anew(changed))

    def say(self, user_id: uuid.UUID, type: str, payload: dict[str, Any]) -> None:
        """An event for one person, on all their sockets here."""
        self._write(user_id, encode(frame(type, payload)))

    async def _tell_anew(self, user_ids: list[uuid.UUID]) -> None:
        told = await asyncio.gather(*map(self._tell_one_anew, user_ids), return_exceptions=True)
        failed = {uid: error for uid, error in zip(user_ids, told, strict=True) if error is not None}
        if failed:
            log.warning("%s people could not be looked up: %s", len(failed), next(iter(failed.values())))
            self._hub.loop.call_later(AGAIN_SECONDS, self.forget, list(failed))

    async def _tell_one_anew(self, user_id: uuid.UUID) -> None:
        if user_id not in self._people:
            return
        try:
            speaker = await self.speaker(user_id)
        except Refused as refused:
            for connection in list(self._people[user_id].connections if user_id in self._people else ()):
                connection.close(refused.code, refused.reason)
            return
        if user_id in self._people:
            self._tell(user_id, speaker)

    def _tell(self, user_id: uuid.UUID, speaker: Speaker) -> bytes:
        """The encoded `chat:you`; sent to all greeted sockets when it is another than they were sent last."""
        person, told = self._people[user_id], orjson.dumps(you_payload(speaker))
        you = wrap("chat:you", told, stamp())
        if told != person.told:
            person.told = told
            self._write(user_id, you)
        return you

    def _write(self, user_id: uuid.UUID, event: bytes) -> None:
        person = self._people.get(user_id)
        if person is not None:
            message = Outgoing(event)
            for connection in person.greeted:
                connection.write(message)
