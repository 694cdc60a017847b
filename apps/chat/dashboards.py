"""The open dashboards of a process: each hears what its person's powers allow, as long as they do."""

from __future__ import annotations

import logging
import uuid
import weakref
from functools import partial
from typing import Any, ClassVar

from django.db import Error as DatabaseError

from apps.channels.models import Channel
from apps.channels.models import topic as topic_name
from apps.channels.roles import Power
from apps.core.realtime.closing import Close
from apps.core.realtime.database import read
from apps.core.realtime.hub import Hub
from apps.core.realtime.socket import Refused, Socket
from apps.streams.realtime import what_is_on

from .identity import forget_channels, powers_here
from .selectors import version_of, versions

log = logging.getLogger(__name__)

# What it takes to hear a topic of the channel.
HEARS = {"dashboard": Power.VIEW_DASHBOARD, "moderation": Power.VIEW_MODERATION}


class DashboardVisit:
    """Somebody of the crew at a dashboard, by one socket."""

    __slots__ = ("channel", "heard", "socket", "user_id")

    channel: Channel

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.user_id: uuid.UUID | None = None
        self.heard: set[str] = set()


class Dashboards:
    """Everything happens on the hub's loop."""

    _of_hubs: ClassVar[weakref.WeakKeyDictionary[Hub, Dashboards]] = weakref.WeakKeyDictionary()

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._visits: dict[uuid.UUID, set[DashboardVisit]] = {}
        self._versions: dict[uuid.UUID, int] = {}
        hub.every_so_often(self._compare)

    @classmethod
    def here(cls) -> Dashboards:
        """Those of the running loop's hub."""
        hub = Hub.here()
        found = cls._of_hubs.get(hub)
        if found is None:
            found = cls._of_hubs[hub] = cls(hub)
        return found

    async def enter(self, visit: DashboardVisit, channel: Channel, user_id: uuid.UUID) -> None:
        """Let somebody of the crew hear; raises Refused for everybody else."""
        visit.channel, visit.user_id = channel, user_id
        self._visits.setdefault(channel.pk, set()).add(visit)
        await self._judge(visit)

    def leave(self, visit: DashboardVisit) -> None:
        """Undo `enter`, also one that was cut short."""
        for kind in list(visit.heard):
            self._unhear(visit, kind)
        if visit.user_id is not None and (visits := self._visits.get(visit.channel.pk)):
            visits.discard(visit)
            if not visits:
                del self._visits[visit.channel.pk]
                self._versions.pop(visit.channel.pk, None)

    async def _judge(self, visit: DashboardVisit) -> None:
        assert visit.user_id is not None
        version, powers = await read(_powers_now, visit.user_id, visit.channel)
        if visit not in self._visits.get(visit.channel.pk, ()):
            return  # they left meanwhile
        # Until the topics are joined nobody here may hear of a change. `_compare` finds its later version.
        self._versions[visit.channel.pk] = min(version, self._versions.get(visit.channel.pk, version))
        wanted = {kind for kind, power in HEARS.items() if power in powers}
        if not wanted:
            raise Refused(Close.FORBIDDEN, "This dashboard belongs to the channel's crew.")
        for kind in visit.heard - wanted:
            self._unhear(visit, kind)
        new = wanted - visit.heard
        for kind in new:
            visit.heard.add(kind)
            topic = await self._hub.arrive(topic_name(kind, visit.channel.pk), visit.socket.connection)
            if kind not in visit.heard:  # they left meanwhile, or may not hear it any more
                self._hub.leave(topic, visit.socket.connection)
                return
            topic.on_note = partial(self._note, visit.channel.pk)
            topic.enter(visit.socket.connection)
        if "dashboard" in new:
            await self._tell_what_is_on(visit)

    async def _tell_what_is_on(self, visit: DashboardVisit) -> None:
        """Who comes hears what happens from now on, and has seen what was on some moments ago."""
        topic = self._hub.topics.get(topic_name("dashboard", visit.channel.pk))
        if topic is None:  # they may not hear it any more
            return
        heard = -1
        while heard != topic.end:  # an event came meanwhile: the answer may be from before it
            heard = topic.end
            told = await read(what_is_on, visit.channel.pk)
        if "dashboard" in visit.heard:
            visit.socket.say("stream:updated", told)

    def _unhear(self, visit: DashboardVisit, kind: str) -> None:
        visit.heard.discard(kind)
        topic = self._hub.topics.get(topic_name(kind, visit.channel.pk))
        if topic is not None:
            self._hub.leave(topic, visit.socket.connection)

    def _note(self, channel_id: uuid.UUID, note: dict[str, Any]) -> None:
        """A person's role changed, or the channel is gone."""
        if note["kind"] == "gone":
            self._see_off(channel_id)
            return
        for visit in self._visits.get(channel_id, ()):
            if visit.user_id == uuid.UUID(bytes=note["user"]):
                self._hub.spawn(self._judge_anew(visit))

    def _see_off(self, channel_id: uuid.UUID) -> None:
        """The channel is suspended or gone: everybody leaves."""
        forget_channels()
        for visit in list(self._visits.get(channel_id, ())):
            visit.socket.connection.close(Close.NOT_FOUND, "There is no such channel.")

    async def _compare(self) -> None:
        """The last word on who may hear what: notes get lost, the database does not lose."""
        known = dict(self._versions)
        if not known:
            return
        try:
            now = await read(versions, list(known))
        except DatabaseError as error:
            log.warning("The dashboards could not be compared with the database: %s", error)
            return
        for channel_id, version in known.items():
            if channel_id not in now:
                self._see_off(channel_id)
            elif now[channel_id] != version and channel_id in self._visits:
                self._versions[channel_id] = now[channel_id]
                for visit in self._visits[channel_id]:
                    self._hub.spawn(self._judge_anew(visit))

    async def _judge_anew(self, visit: DashboardVisit) -> None:
        try:
            await self._judge(visit)
        except Refused as refused:
            visit.socket.connection.close(refused.code, refused.reason)
        except DatabaseError as error:
            log.warning("Somebody's powers could not be read: %s", error)
            if visit.channel.pk in self._visits:
                self._versions[visit.channel.pk] = -1  # another version than any: they are read again


def _powers_now(user_id: uuid.UUID, channel: Channel) -> tuple[int, frozenset[Power]]:
    """What this person may do in the channel, and by which version of its rulebook. Blocks."""
    # The version first: what changes from here on has a later one.
    return version_of(channel.pk), powers_here(user_id, channel)
