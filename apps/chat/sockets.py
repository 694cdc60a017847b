"""The sockets of a channel: its room for everybody, its dashboard for its crew."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.models import topic as topic_name
from apps.core.errors import DomainError, SignInNeeded
from apps.core.ids import uuid7
from apps.core.ratelimit import parse
from apps.core.realtime.closing import Close
from apps.core.realtime.connection import Connection
from apps.core.realtime.database import read
from apps.core.realtime.doors import people
from apps.core.realtime.socket import FLOOD_SECONDS, Action, Door, Refused, Socket
from apps.core.realtime.topic import Topic

from . import selectors, services, wire
from .content import clean_content
from .identity import (
    after_of,
    channel_of,
    may_view_dashboard,
    person_of,
    query_of,
    speaker_of,
    viewer_of,
)
from .room import Room, Rooms
from .selectors import Speaker
from .services import messages
from .store import Draft, Receipt

# How long a person's card and badges are taken from memory.
SPEAKER_SECONDS = 30.0


class Visit:
    """Somebody in a room, by one socket. `channel` is set as soon as the room may have to be left."""

    __slots__ = ("channel", "is_in", "room", "socket", "speaker", "spoke_at", "viewer_id", "watches")

    room: Room

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.channel: Channel | None = None
        self.speaker: Speaker | None = None
        self.spoke_at = socket.hub.loop.time()
        self.viewer_id = ""
        self.is_in = self.watches = False

    @property
    def connection(self) -> Connection:
        return self.socket.connection


async def enter_room(visit: Visit) -> None:
    """Anybody reads; who comes with a ticket or a token also writes."""
    scope, connection = visit.socket.scope, visit.connection
    query = query_of(scope)
    channel = await channel_of(scope)
    user_id = await person_of(scope, query)
    if user_id is not None:
        visit.speaker = await speaker_of(user_id, channel)
        _enter_as(connection, user_id)
    visit.channel = channel
    visit.room = room = await Rooms.here().arrive(channel.pk, connection)
    history = await room.history(after_of(query))
    if visit.speaker is not None:
        room.audience.came(visit.speaker)
    visit.is_in = True
    connection.on_gap = lambda: connection.write(room.mark())
    room.topic.enter(connection, history)
    visit.viewer_id = viewer_of(scope, query)
    if query.get("watch") != "0":
        await watch(visit)
    room.audience.welcome(connection)


def leave_room(visit: Visit) -> None:
    """Undo `enter_room`, also half of it."""
    if visit.is_in:
        if visit.speaker is not None:
            visit.room.audience.went(visit.speaker)
        if visit.watches:
            visit.room.audience.unwatch(visit.viewer_id)
    if visit.channel is not None:
        Rooms.here().leave(visit.channel.pk, visit.connection)
    _leave_as(visit.connection)


async def send_message(visit: Visit, frame: wire.Send) -> None:
    """Hand a message to the room's writer; the ack comes when it is stored."""
    speaker = await _speaker(visit)
    content = clean_content(frame.content)
    room, socket, writer = visit.room, visit.socket, visit.room.writer

    def answer(outcome: Receipt | DomainError) -> None:
        if isinstance(outcome, Receipt):
            socket.say("chat:ack", {"nonce": frame.nonce, "id": str(outcome.id), "seq": outcome.seq})
        else:
            socket.refuse(outcome, frame.nonce)

    # A message that is sent again costs no turn: its sender only wants to know.
    if writer.repeat(speaker.user_id, frame.nonce, answer):
        return
    wait = await messages.LIMIT.atake(speaker.user_id.hex)
    if wait:
        # Its first copy may have come by another process, which broke off before the ack.
        stored = await read(selectors.find_nonce, room.channel_id, speaker.user_id, frame.nonce)
        if stored is None:
            raise messages.rate_limited(wait)
        answer(Receipt(stored.pk, stored.seq, is_new=False))
        return
    draft = Draft(uuid7(), speaker.user_id, content, frame.nonce, speaker.badges, frame.reply_to)
    writer.submit(draft, speaker.card, answer)


async def delete_message(visit: Visit, frame: wire.Delete) -> None:
    """Remove a message; everybody hears of it, the sender too."""
    speaker = await _speaker(visit)
    await read(_delete, speaker.user_id, frame.id, visit.room.channel_id)


async def tell_history(visit: Visit, frame: wire.History) -> None:
    """Answer with what came after a number."""
    try:
        history = await visit.room.history(frame.after)
    except DatabaseError:
        raise Refused(Close.LATER, "The room can't be read at the moment.") from None
    visit.connection.write(history())


async def tell_typing(visit: Visit, frame: wire.Typing) -> None:
    visit.room.audience.types(await _speaker(visit))


async def watch(visit: Visit, frame: wire.Join | None = None) -> None:
    if not visit.watches:
        visit.watches = True
        visit.room.audience.watch(visit.viewer_id)


async def unwatch(visit: Visit, frame: wire.Leave) -> None:
    if visit.watches:
        visit.watches = False
        visit.room.audience.unwatch(visit.viewer_id)


async def pong(visit: Visit | DashboardVisit, frame: wire.Ping) -> None:
    visit.socket.say("pong", {})


def flood_most(rate: str) -> int:
    """Frames in FLOOD_SECONDS that no honest client reaches: every message it may send, four times over."""
    most, seconds = parse(rate)
    return max(100, int(4 * most * FLOOD_SECONDS / seconds))


ROOM: Door[Visit] = Door(
    begin=Visit,
    enter=enter_room,
    leave=leave_room,
    actions={
        wire.Send.type: Action(wire.Send.parse, send_message),
        wire.Delete.type: Action(wire.Delete.parse, delete_message),
        wire.History.type: Action(wire.History.parse, tell_history),
        wire.Typing.type: Action(wire.Typing.parse, tell_typing),
        wire.Join.type: Action(wire.Join.parse, watch),
        wire.Leave.type: Action(wire.Leave.parse, unwatch),
        wire.Ping.type: Action(wire.Ping.parse, pong),
    },
    error_type="chat:error",
    flood_most=flood_most(settings.CHAT_RATE),
)


class DashboardVisit:
    """Somebody of the crew at the dashboard, by one socket. `topic` is set as soon as it is listened to."""

    __slots__ = ("socket", "topic")

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.topic: Topic | None = None


async def enter_dashboard(visit: DashboardVisit) -> None:
    """Only the crew, and it only listens."""
    socket = visit.socket
    channel = await channel_of(socket.scope)
    user_id = await person_of(socket.scope, query_of(socket.scope))
    if user_id is None or not await read(may_view_dashboard, user_id, channel):
        raise Refused(Close.FORBIDDEN, "This dashboard belongs to the channel's crew.")
    _enter_as(socket.connection, user_id)
    visit.topic = await socket.hub.arrive(topic_name("dashboard", channel.pk), socket.connection)
    visit.topic.enter(socket.connection)


def leave_dashboard(visit: DashboardVisit) -> None:
    """Undo `enter_dashboard`, also half of it."""
    if visit.topic is not None:
        visit.socket.hub.leave(visit.topic, visit.socket.connection)
    _leave_as(visit.socket.connection)


DASHBOARD: Door[DashboardVisit] = Door(
    begin=DashboardVisit,
    enter=enter_dashboard,
    leave=leave_dashboard,
    actions={wire.Ping.type: Action(wire.Ping.parse, pong)},
)


def _enter_as(connection: Connection, user_id: uuid.UUID) -> None:
    if not people.enter(str(user_id)):
        raise Refused(Close.TOO_MANY, "You have too many connections open.")
    connection.person_id = str(user_id)


def _leave_as(connection: Connection) -> None:
    if connection.person_id is not None:
        people.leave(connection.person_id)


async def _speaker(visit: Visit) -> Speaker:
    """Who writes here, read anew every SPEAKER_SECONDS; raises SignInNeeded for the anonymous."""
    if visit.speaker is None:
        raise SignInNeeded("Sign in to chat.")
    now = visit.socket.hub.loop.time()
    if now - visit.spoke_at > SPEAKER_SECONDS:
        channel = await channel_of(visit.socket.scope)
        visit.speaker, visit.spoke_at = await speaker_of(visit.speaker.user_id, channel), now
    return visit.speaker


def _delete(user_id: uuid.UUID, message_id: uuid.UUID, room_id: uuid.UUID) -> Any:
    actor = User.objects.get(pk=user_id)
    return services.delete_message(actor=actor, message_id=message_id, room_id=room_id)
