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

from .identity import forget_channels, powers_here
from .selectors import versions

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
        # Before their powers are read: no change is missed.
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
        powers = await read(powers_here, visit.user_id, visit.channel)
        wanted = {kind for kind, power in HEARS.items() if power in powers}
        if not wanted:
            raise Refused(Close.FORBIDDEN, "This dashboard belongs to the channel's crew.")
        for kind in visit.heard - wanted:
            self._unhear(visit, kind)
        for kind in wanted - visit.heard:
            visit.heard.add(kind)
            topic = await self._hub.arrive(topic_name(kind, visit.channel.pk), visit.socket.connection)
            topic.on_note = partial(self._note, visit.channel.pk)
            topic.enter(visit.socket.connection)

    def _unhear(self, visit: DashboardVisit, kind: str) -> None:
        visit.heard.discard(kind)
        topic = self._hub.topics.get(topic_name(kind, visit.channel.pk))
        if topic is not None:
            self._hub.leave(topic, visit.socket.connection)

    def _note(self, channel_id: uuid.UUID, note: dict[str, Any]) -> None:
        """A person's role changed, or the channel is gone."""
        if note["kind"] == "gone":
            forget_channels()
        for visit in list(self._visits.get(channel_id, ())):
            if note["kind"] == "gone":
                visit.socket.connection.close(Close.NOT_FOUND, "There is no such channel.")
            elif visit.user_id == uuid.UUID(bytes=note["user"]):
                self._hub.spawn(self._judge_anew(visit))

    async def _compare(self) -> None:
        """The last word on who may hear what: notes get lost, the database does not lose."""
        if not self._visits:
            return
        try:
            now = await read(versions, list(self._visits))
        except DatabaseError as error:
            log.warning("The dashboards could not be compared with the database: %s", error)
            return
        for channel_id, visits in list(self._visits.items()):
            version = now.get(channel_id, 0)
            if self._versions.get(channel_id, version) != version:
                for visit in list(visits):
                    self._hub.spawn(self._judge_anew(visit))
            self._versions[channel_id] = version

    async def _judge_anew(self, visit: DashboardVisit) -> None:
        try:
            await self._judge(visit)
        except Refused as refused:
            visit.socket.connection.close(refused.code, refused.reason)
        except DatabaseError as error:
            log.warning("Somebody's powers could not be read: %s", error)
            self._versions[visit.channel.pk] = -1  # another version than any: they are read again
