"""The sockets of a channel: its room for everybody, its dashboard for its crew."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.sockets import SignedIn
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core.errors import DomainError, SignInNeeded
from apps.core.ids import uuid7
from apps.core.ratelimit import parse
from apps.core.realtime.closing import Close
from apps.core.realtime.connection import Connection
from apps.core.realtime.database import read
from apps.core.realtime.frames import Outgoing
from apps.core.realtime.gather import Gather
from apps.core.realtime.socket import FLOOD_SECONDS, Action, Door, Refused, Socket
from apps.moderation.automod import Action as RuleAction

from . import selectors, services, wire
from .dashboards import Dashboards, DashboardVisit
from .identity import Claim, after_of, channel_of, claim_of, query_of, since_of, viewer_of
from .models import Message
from .room import Room
from .rooms import Rooms
from .rules import judge
from .selectors import Speaker
from .services import messages
from .services.commands import is_command
from .store import Draft, Receipt, unavailable

T = TypeVar("T")

# What is refused so for the person's sake may be out of date: the note of what they just did, or of what was
# lifted, is still on its way. They are looked up again, at most once in so many seconds.
STANDING = {"BANNED", "TIMED_OUT", "WARNED", "FOLLOWERS_ONLY", "MEMBERS_ONLY", "EMAIL_NOT_VERIFIED"}
SURE_SECONDS = 1.0

# The first copy of what is refused so may have been stored, by another process that broke off before the ack.
TRIED_AGAIN = {"RATE_LIMITED", "SLOW_MODE", "NOT_UNIQUE", "MESSAGE_REFUSED"}


class Visit:
    """Somebody in a room, by one socket. `channel` is set as soon as the room may have to be left, `user_id`
    as soon as its crowd may."""

    __slots__ = ("channel", "is_in", "room", "socket", "speaker", "user_id", "viewer_id", "watches")

    room: Room
    # As they were when they came.
    speaker: Speaker

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.channel: Channel | None = None
        self.user_id: uuid.UUID | None = None
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
    claim = await claim_of(scope, query)
    visit.channel = channel
    visit.room = room = await Rooms.here().arrive(channel, connection)
    sees_all = False
    if claim is not None:
        await Rooms.here().hear_of_people(connection)
        visit.user_id = user_id = claim.sign_in.user_id
        room.crowd.enter(user_id, connection)
        visit.speaker = await _met(visit, room, claim)
        sees_all = Power.VIEW_MODERATION in visit.speaker.powers
    history = await room.history(after_of(query), since_of(query), to_moderators=sees_all)
    if claim is not None:
        room.audience.came(visit.speaker)
    visit.is_in = True
    connection.on_gap = lambda: connection.write(room.mark())
    room.topic.enter(connection, lambda: _greeting(visit, history()))
    visit.viewer_id = viewer_of(scope, query)
    if query.get("watch") != "0":
        await watch(visit)
    room.audience.welcome(connection)


async def _met(visit: Visit, room: Room, claim: Claim) -> Speaker:
    """Who came, once it is known that it is they and that their sign-in holds. Raises Refused."""
    # All three questions are on their way at once: a crowd is let in faster by half as one where each waits
    # three times. No task for each of them: that would cost as much as the answers.
    holds = await SignedIn.here().watch(visit.connection, claim.sign_in)
    try:
        speaker = await room.crowd.speaker(claim.sign_in.user_id)
    except Exception:
        # Told first: an account that is shut fails as a person, too, but it is the sign-in that has ended.
        await _stand_by(claim, holds)
        raise
    await _stand_by(claim, holds)
    SignedIn.here().seat(visit.connection, claim.sign_in)
    return speaker


async def _stand_by(claim: Claim, holds: Awaitable[bool]) -> None:
    """Return if the claim is proven and its sign-in `holds`; raises Refused."""
    await claim.prove()
    if not await holds:
        raise Refused(Close.BAD_TICKET, "This session has ended.")


def leave_room(visit: Visit) -> None:
    """Undo `enter_room`, also half of it."""
    if visit.user_id is not None:
        visit.room.crowd.leave(visit.user_id, visit.connection)
    if visit.is_in:
        if visit.user_id is not None:
            visit.room.audience.went(visit.speaker)
        if visit.watches:
            visit.room.audience.unwatch(visit.viewer_id)
    if visit.channel is not None:
        Rooms.here().leave(visit.channel.pk, visit.connection)
    SignedIn.here().leave(visit.connection)


async def send_message(visit: Visit, frame: wire.Send) -> None:
    """Hand a message to the room's writer; the ack comes when it is stored. A command is carried out."""
    speaker = await _speaker(visit)
    if is_command(frame.content):
        await _carry_out_command(visit, speaker, frame)
        return
    room, socket = visit.room, visit.socket

    def answer(outcome: Receipt | DomainError) -> None:
        if isinstance(outcome, Receipt):
            room.crowd.has_spoken(speaker.user_id)
            socket.say("chat:ack", {"nonce": frame.nonce, "id": str(outcome.id), "seq": outcome.seq})
        elif outcome.code in TRIED_AGAIN:
            room.hub.spawn(answer_unless_stored(outcome))
        else:
            socket.refuse(outcome, frame.nonce)

    async def answer_unless_stored(refusal: DomainError) -> None:
        try:
            stored = await _asked_nonces.get((room.channel_id, speaker.user_id, frame.nonce))
        except DomainError as unknown:
            socket.refuse(unknown, frame.nonce)
            return
        if stored is None:
            socket.refuse(refusal, frame.nonce)
        else:
            answer(_receipt(stored))

    def answer_of_the_writer(outcome: Receipt | DomainError) -> None:
        if isinstance(outcome, DomainError):
            room.memory.take_back(draft.content, draft.id)
            room.memory.give_turn_back(speaker.user_id, frame.nonce)
        answer(outcome)

    # A message that is sent again costs no turn: its sender only wants to know.
    if room.writer.repeat(speaker.user_id, frame.nonce, answer):
        return
    try:
        accepted = await _accepted(visit, speaker, frame)
    except DomainError as refusal:
        if refusal.code != "MESSAGE_HELD":
            room.memory.give_turn_back(speaker.user_id, frame.nonce)
        answer(refusal)
        return
    if isinstance(accepted, Message):
        answer(_receipt(accepted))
        return
    draft = Draft(uuid7(), speaker.user_id, accepted, frame.nonce, speaker.badges, frame.reply_to)
    room.memory.expect(draft.id)
    if room.rules.unique:
        room.memory.foresee(draft.content, draft.id)
    room.writer.submit(draft, speaker.card, answer_of_the_writer)


async def _accepted(visit: Visit, speaker: Speaker, frame: wire.Send) -> str | Message:
    """The text to store, for which the writer takes a turn, or the message that a moderator let pass; raises
    the refusal of every other."""
    room = visit.room
    rules = room.rules
    try:
        judged = judge(speaker, rules, frame.content, room.memory, nonce=frame.nonce, now=timezone.now())
    except DomainError as refusal:
        if refusal.code not in STANDING:
            raise
        speaker = await _speaker(visit, known=SURE_SECONDS)
        judged = judge(speaker, rules, frame.content, room.memory, nonce=frame.nonce, now=timezone.now())
    if judged.verdict and judged.verdict.action is RuleAction.TIME_OUT:
        raise await _asked(messages.time_out, speaker, room.channel, judged)
    if rules.slow_seconds and Power.SPEAK_FREELY not in speaker.powers:
        key = messages.slow_key(speaker, room.channel_id)
        wait = await messages.slow_limit(rules.slow_seconds).atake(key)
        # What could not be stored, or is sent again, has taken its turn already.
        if wait and not room.memory.has_turn(speaker.user_id, frame.nonce):
            raise messages.slow_mode(wait)
        room.memory.take_turn(speaker.user_id, frame.nonce)
    if judged.verdict:
        if wait := await messages.LIMIT.atake(speaker.user_id.hex):
            raise messages.rate_limited(wait)
        keep = partial(messages.keep_back, nonce=frame.nonce, reply_to=frame.reply_to)
        return await _asked(keep, speaker, room.channel, judged)
    return judged.content


async def _carry_out_command(visit: Visit, speaker: Speaker, frame: wire.Send) -> None:
    if wait := await messages.LIMIT.atake(speaker.user_id.hex):
        raise messages.rate_limited(wait)
    told = await _asked(_command, speaker.user_id, visit.room.channel, frame.content)
    visit.socket.say("chat:notice", {"nonce": frame.nonce, "message": told})


async def delete_message(visit: Visit, frame: wire.Delete) -> None:
    """Remove a message; everybody hears of it, the sender too."""
    speaker = await _speaker(visit)
    await _asked(_delete, speaker.user_id, frame.id, visit.room.channel_id)


async def tell_history(visit: Visit, frame: wire.History) -> None:
    """Answer with what came after a number."""
    try:
        sees_all = False
        if visit.user_id is not None:
            speaker = await visit.room.crowd.speaker(visit.user_id)
            sees_all = Power.VIEW_MODERATION in speaker.powers
        history = await visit.room.history(frame.after, to_moderators=sees_all)
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


async def enter_dashboard(visit: DashboardVisit) -> None:
    """Only the crew, and it only listens."""
    socket = visit.socket
    channel = await channel_of(socket.scope)
    claim = await claim_of(socket.scope, query_of(socket.scope))
    if claim is None:
        raise Refused(Close.FORBIDDEN, "This dashboard belongs to the channel's crew.")
    await _stand_by(claim, await SignedIn.here().watch(socket.connection, claim.sign_in))
    SignedIn.here().seat(socket.connection, claim.sign_in)
    await Dashboards.here().enter(visit, channel, claim.sign_in.user_id)


def leave_dashboard(visit: DashboardVisit) -> None:
    """Undo `enter_dashboard`, also half of it."""
    Dashboards.here().leave(visit)
    SignedIn.here().leave(visit.socket.connection)


DASHBOARD: Door[DashboardVisit] = Door(
    begin=DashboardVisit,
    enter=enter_dashboard,
    leave=leave_dashboard,
    actions={wire.Ping.type: Action(wire.Ping.parse, pong)},
)


def _greeting(visit: Visit, history: Outgoing) -> list[Outgoing]:
    room, person = visit.room, visit.user_id
    you = None if person is None else room.crowd.greet(person, visit.connection)
    return [history, room.terms(you)]


async def _speaker(visit: Visit, *, known: float | None = None) -> Speaker:
    """Who writes here; raises SignInNeeded for the anonymous."""
    if visit.user_id is None:
        raise SignInNeeded("Sign in to chat.")
    try:
        return await visit.room.crowd.speaker(visit.user_id, known=known)
    except DatabaseError:
        raise unavailable() from None


async def _asked(query: Callable[..., T], *args: Any) -> T:
    """`read`; a database that is away is told to the client, which tries again."""
    try:
        return await read(query, *args)
    except DatabaseError:
        raise unavailable() from None


async def _find_nonces(asked: list[tuple[uuid.UUID, uuid.UUID, str]]) -> list[Message | None]:
    return await _asked(selectors.find_nonces, asked)


# Who floods a room is refused by the batch: looked up one by one, they would have all readers for themselves.
_asked_nonces = Gather(_find_nonces)


def _receipt(stored: Message) -> Receipt:
    return Receipt(stored.pk, stored.seq, is_new=False)


def _command(user_id: uuid.UUID, channel: Channel, line: str) -> str:
    return services.run_command(actor=User.objects.get(pk=user_id), channel=channel, line=line)


def _delete(user_id: uuid.UUID, message_id: uuid.UUID, room_id: uuid.UUID) -> Any:
    actor = User.objects.get(pk=user_id)
    return services.delete_message(actor=actor, message_id=message_id, room_id=room_id)
