"""The signed-in sockets of a process: each stays open for as long as the session that it came with holds.

Nobody is asked at each frame. Each socket is compared with the database every half a minute, with those whose
turn it is; and when sessions of somebody end, every process hears of it and looks at that person's at once.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
import weakref
from itertools import cycle
from typing import Any, ClassVar

from django.db import Error as DatabaseError

from apps.core.realtime import note
from apps.core.realtime.closing import Close
from apps.core.realtime.connection import Connection
from apps.core.realtime.database import read
from apps.core.realtime.doors import people
from apps.core.realtime.gather import Gather
from apps.core.realtime.hub import Hub
from apps.core.realtime.socket import Refused

from .facts import SessionsEnded
from .sessions import SignIn, standing

log = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
# All of a stadium at once would take a second of the process, in which everybody waits.
SHARES = 60
TOGETHER = 500
TOPIC = "sign-ins"
# Of a crowd, those who come within this time are looked up together.
PAUSE = 0.016


class SignedIn:
    """Everything happens on the hub's loop."""

    _of_hubs: ClassVar[weakref.WeakKeyDictionary[Hub, SignedIn]] = weakref.WeakKeyDictionary()

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: dict[Connection, SignIn] = {}
        hub.spawn(self._compare())

    @classmethod
    def here(cls) -> SignedIn:
        """Those of the running loop's hub."""
        hub = Hub.here()
        found = cls._of_hubs.get(hub)
        if found is None:
            found = cls._of_hubs[hub] = cls(hub)
        return found

    async def watch(self, connection: Connection, sign_in: SignIn) -> asyncio.Future[bool]:
        """Close the socket when `sign_in` ends from now on. Whether it holds now is asked, and answered to
        who awaits what is returned. `leave` must follow in any case."""
        topic = await self._hub.arrive(TOPIC, connection)
        topic.on_note = self._note
        # Before it is looked up: no end is missed.
        self._open[connection] = sign_in
        return _asked.get(sign_in)

    def seat(self, connection: Connection, sign_in: SignIn) -> None:
        """Take one of the places that a person has here; raises Refused when none is free. Not before it is
        known that it is they: else somebody with a used ticket could take them all."""
        if not people.enter(str(sign_in.user_id)):
            raise Refused(Close.TOO_MANY, "You have too many connections open.")
        connection.person_id = str(sign_in.user_id)

    def leave(self, connection: Connection) -> None:
        """Undo `watch` and `seat`, also what was cut short or never came."""
        self._open.pop(connection, None)
        if topic := self._hub.topics.get(TOPIC):
            self._hub.leave(topic, connection)
        if connection.person_id is not None:
            people.leave(connection.person_id)

    def _note(self, note: dict[str, Any]) -> None:
        user_id = uuid.UUID(bytes=note["user"])
        self._hub.spawn(self._judge([c for c, each in self._open.items() if each.user_id == user_id]))

    async def _compare(self) -> None:
        """The last word on who is signed in: notes get lost, the database does not lose."""
        for turn in cycle(range(SHARES)):
            await asyncio.sleep(EVERY_SECONDS / SHARES)
            share = [c for c, each in self._open.items() if each.user_id.int % SHARES == turn]
            try:
                for at in range(0, len(share), TOGETHER):
                    await self._judge(share[at : at + TOGETHER])
            except Exception:  # the next turn may be better, and nobody else has the last word
                log.exception("Sessions could not be compared.")

    async def _judge(self, connections: list[Connection]) -> None:
        asked = {c: self._open[c] for c in connections if c in self._open}
        if not asked:
            return
        try:
            hold = await read(standing, set(asked.values()))
        except DatabaseError as error:
            log.warning("Sessions could not be compared with the database: %s", error)
            return
        for connection, sign_in in asked.items():
            if sign_in not in hold:
                connection.close(Close.BAD_TICKET, "This session has ended.")


def tell(fact: SessionsEnded) -> None:
    """Let every process look at this person's sockets now."""
    note(TOPIC, {"user": fact.user_id.bytes})


async def _stand(sign_ins: list[SignIn]) -> list[bool]:
    hold = await read(standing, set(sign_ins))
    return [each in hold for each in sign_ins]


_asked = Gather(_stand, pause=PAUSE)
