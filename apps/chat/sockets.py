"""The sockets of a channel: its room for everybody, its dashboard for its crew."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import Error as DatabaseError

from apps.channels.models import topic as topic_name
from apps.core.errors import DomainError, SignInNeeded
from apps.core.ids import uuid7
from apps.core.ratelimit import parse
from apps.core.realtime.closing import Close
from apps.core.realtime.database import read
from apps.core.realtime.doors import people
from apps.core.realtime.frames import Outgoing
from apps.core.realtime.socket import FLOOD_SECONDS, Action, Refused, Socket
from apps.core.realtime.topic import Topic

from . import selectors, services, wire
from .content import clean_content
from .identity import (
    after_of,
    may_view_dashboard,
    person_of,
    place_of,
    query_of,
    speaker_of,
    viewer_of,
)
from .room import Room, Rooms
from .selectors import Speaker
from .store import Draft, Receipt

# How long a person's card and badges are taken from memory.
SPEAKER_SECONDS = 30.0


def flood_most(rate: str) -> int:
    """Frames in FLOOD_SECONDS that no honest client reaches: every message it may send, four times over."""
    most, seconds = parse(rate)
    return max(100, int(4 * most * FLOOD_SECONDS / seconds))


class RoomSocket(Socket):
    """`/ws/channels/{slug}`: anybody reads, signed-in people write."""

    error_type = "chat:error"
    flood_most = flood_most(settings.CHAT_RATE)
    actions: ClassVar[dict[str, Action]] = {
        wire.Send.type: (wire.Send.parse, "send_message"),
        wire.Delete.type: (wire.Delete.parse, "delete_message"),
        wire.History.type: (wire.History.parse, "tell_history"),
        wire.Typing.type: (wire.Typing.parse, "type"),
        wire.Join.type: (wire.Join.parse, "watch"),
        wire.Leave.type: (wire.Leave.parse, "unwatch"),
        wire.Ping.type: (wire.Ping.parse, "pong"),
    }

    channel_id: uuid.UUID | None = None
    room: Room | None = None
    user_id: uuid.UUID | None = None
    speaker: Speaker | None = None
    spoke_at = 0.0
    slug = viewer_id = ""
    is_in = watches = False

    async def open(self) -> None:
        try:
            await self._identify()
            assert self.channel_id is not None
            self.room = room = await Rooms.here().arrive(self.channel_id, self.connection)
            history = await room.history(after_of(self.scope))
        except DatabaseError:
            raise Refused(Close.LATER, "The room can't be read at the moment.") from None
        if self.speaker is not None:
            room.audience.came(self.speaker)
        self.is_in = True
        self.connection.on_gap = lambda: self.connection.write(Outgoing(room.mark()))
        room.topic.enter(self.connection, history)
        self.viewer_id = viewer_of(self.scope)
        if query_of(self.scope).get("watch") != "0":
            await self.watch(wire.Join())
        room.audience.welcome(self.connection)

    async def leave(self) -> None:
        if self.room is not None and self.is_in:
            if self.speaker is not None:
                self.room.audience.went(self.speaker)
            await self.unwatch(wire.Leave())
        if self.channel_id is not None:
            Rooms.here().leave(self.channel_id, self.connection)
        if self.connection.person_id is not None:
            people.leave(self.connection.person_id)

    async def send_message(self, frame: wire.Send) -> None:
        """Hand a message to the room's writer; the ack comes when it is stored."""
        speaker = await self._speaker()
        content = clean_content(frame.content)
        assert self.room is not None
        writer = self.room.writer

        def answer(outcome: Receipt | DomainError) -> None:
            if isinstance(outcome, Receipt):
                self.say("chat:ack", {"nonce": frame.nonce, "id": str(outcome.id), "seq": outcome.seq})
            else:
                self.refuse(outcome, frame.nonce)

        # A message that is sent again costs no turn: its sender only wants to know.
        if writer.repeat(speaker.user_id, frame.nonce, answer):
            return
        wait = await services.LIMIT.atake(speaker.user_id.hex)
        if wait:
            # Its first copy may have come by another process, which broke off before the ack.
            stored = await read(selectors.find_nonce, self.channel_id, speaker.user_id, frame.nonce)
            if stored is None:
                raise services.rate_limited(wait)
            answer(Receipt(stored.pk, stored.seq, is_new=False))
            return
        draft = Draft(uuid7(), speaker.user_id, content, frame.nonce, speaker.badges, frame.reply_to)
        writer.submit(draft, speaker.card, answer)

    async def delete_message(self, frame: wire.Delete) -> None:
        """Remove a message; everybody hears of it, the sender too."""
        await self._speaker()
        await read(_delete, self.user_id, frame.id, self.channel_id)

    async def tell_history(self, frame: wire.History) -> None:
        """Answer with what came after a number."""
        assert self.room is not None
        try:
            history = await self.room.history(frame.after)
        except DatabaseError:
            raise Refused(Close.LATER, "The room can't be read at the moment.") from None
        self.connection.write(Outgoing(history()))

    async def type(self, frame: wire.Typing) -> None:
        speaker = await self._speaker()
        assert self.room is not None
        self.room.audience.types(speaker)

    async def watch(self, frame: wire.Join) -> None:
        assert self.room is not None
        if not self.watches:
            self.watches = True
            self.room.audience.watch(self.viewer_id)

    async def unwatch(self, frame: wire.Leave) -> None:
        assert self.room is not None
        if self.watches:
            self.watches = False
            self.room.audience.unwatch(self.viewer_id)

    async def pong(self, frame: wire.Ping) -> None:
        self.say("pong", {})

    async def _identify(self) -> None:
        place = await place_of(self.scope["url_route"]["kwargs"]["slug"])
        if not place.is_open:
            raise Refused(Close.NOT_FOUND, "There is no such channel.")
        user_id = await person_of(self.scope)
        if user_id is not None:
            self.speaker = await speaker_of(user_id, place.channel)
            if self.speaker is None:
                raise Refused(Close.FORBIDDEN, "This account can't be used.")
            if not people.enter(str(user_id)):
                raise Refused(Close.TOO_MANY, "You have too many connections open.")
            self.connection.person_id = str(user_id)
            self.user_id, self.spoke_at = user_id, self.hub.loop.time()
        self.channel_id = place.channel_id
        self.slug = place.channel.slug

    async def _speaker(self) -> Speaker:
        """Who writes here, read anew every SPEAKER_SECONDS; raises SignInNeeded for the anonymous."""
        if self.speaker is None or self.user_id is None or self.channel_id is None:
            raise SignInNeeded("Sign in to chat.")
        if self.hub.loop.time() - self.spoke_at > SPEAKER_SECONDS:
            fresh = await speaker_of(self.user_id, (await place_of(self.slug)).channel)
            if fresh is None:
                raise Refused(Close.FORBIDDEN, "This account can't be used.")
            self.speaker, self.spoke_at = fresh, self.hub.loop.time()
        return self.speaker


class DashboardSocket(Socket):
    """`/ws/dashboard/{slug}`: what the channel's crew is told; it only listens."""

    actions: ClassVar[dict[str, Action]] = {wire.Ping.type: (wire.Ping.parse, "pong")}

    topic: Topic | None = None

    async def open(self) -> None:
        place = await place_of(self.scope["url_route"]["kwargs"]["slug"])
        user_id = await person_of(self.scope)
        if user_id is None or not await read(may_view_dashboard, user_id, place.channel):
            raise Refused(Close.FORBIDDEN, "This dashboard belongs to the channel's crew.")
        if not people.enter(str(user_id)):
            raise Refused(Close.TOO_MANY, "You have too many connections open.")
        self.connection.person_id = str(user_id)
        self.topic = await self.hub.arrive(topic_name("dashboard", place.channel_id), self.connection)
        self.topic.enter(self.connection)

    async def leave(self) -> None:
        if self.topic is not None:
            self.hub.leave(self.topic, self.connection)
        if self.connection.person_id is not None:
            people.leave(self.connection.person_id)

    async def pong(self, frame: wire.Ping) -> None:
        self.say("pong", {})


def _delete(user_id: uuid.UUID, message_id: uuid.UUID, room_id: uuid.UUID) -> None:
    from apps.accounts.models import User

    services.delete_message(actor=User.objects.get(pk=user_id), message_id=message_id, room_id=room_id)
