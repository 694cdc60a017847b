"""What people say in a room, for every door but the socket's fast path (which shares rules and store)."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat import selectors, store
from apps.chat.models import ChatRoom, HeldMessage, Message
from apps.chat.rules import Judged, Memory, RoomRules, judge, refused_by_rule, timed_out
from apps.chat.selectors import Speaker
from apps.core import audit
from apps.core.errors import Conflict, DomainError, NotAllowed, NotFound, SignInNeeded, TooMany
from apps.core.ids import uuid7
from apps.core.ratelimit import Limit
from apps.moderation import services as moderation
from apps.moderation.automod import Action

from . import removal
from .telling import held_changed, message_said

LIMIT = Limit("chat", settings.CHAT_RATE)
# Rooms whose rules a web process keeps ready; and how far back it looks for what has been said before.
ROOMS_MOST = 200
SAID_BEFORE = 200

_ready: OrderedDict[uuid.UUID, tuple[int, RoomRules, Memory]] = OrderedDict()
_judging = threading.Lock()


def send_message(
    *, actor: Actor, channel: Channel, content: str, nonce: str, reply_to: uuid.UUID | None = None
) -> Message:
    """Say something in a channel's room; it is stored when this returns.

    The same nonce of the same person is the same message: the second time the first one is returned. Raises
    SignInNeeded, what `apps.chat.rules.judge` raises, TooMany (SLOW_MODE, RATE_LIMITED), Conflict
    (MESSAGE_HELD), NotFound (REPLY_NOT_FOUND) or Unavailable.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to chat.")
    if stored := selectors.find_nonce(channel.pk, actor.pk, nonce):
        return stored
    speaker = selectors.speakers([actor.pk], channel)[0]
    if speaker is None:
        raise NotAllowed("This account can't be used.")
    ChatRoom.objects.get_or_create(channel=channel)
    message_id = uuid7()
    judged, rules = _judge(speaker, channel, content, nonce, message_id)
    if judged.verdict and judged.verdict.action is Action.TIME_OUT:
        raise time_out(speaker, channel, judged)
    if wait := _wait_of_slow_mode(speaker, channel, rules):
        raise slow_mode(wait)
    if wait := LIMIT.take(actor.pk.hex):
        raise rate_limited(wait)
    if judged.verdict:
        return keep_back(speaker, channel, judged, nonce=nonce, reply_to=reply_to)
    draft = store.Draft(
        id=message_id,
        user_id=actor.pk,
        content=judged.content,
        nonce=nonce,
        badges=speaker.badges,
        reply_to=reply_to,
    )
    outcome = store.append(channel.pk, [draft]).outcomes[0]
    if isinstance(outcome, DomainError):
        raise outcome
    message = Message.objects.with_user().get(pk=outcome.id)
    if outcome.is_new:
        message_said(message)
    return message


def time_out(speaker: Speaker, channel: Channel, judged: Judged) -> DomainError:
    """Time the author out as the rule that matched says; returns the refusal."""
    assert judged.verdict is not None
    seconds, user = judged.verdict.timeout_seconds, User.objects.get(pk=speaker.user_id)
    moderation.time_out_by_rule(channel=channel, user=user, seconds=seconds, rule=judged.verdict.rule)
    return timed_out(seconds)


def keep_back(
    speaker: Speaker, channel: Channel, judged: Judged, *, nonce: str, reply_to: uuid.UUID | None
) -> Message:
    """Keep a message for a moderator to decide, once a nonce; returns it when it was approved before.

    Raises Conflict (MESSAGE_HELD) once it is kept, NotAllowed (MESSAGE_REFUSED) when it was rejected before.
    """
    assert judged.verdict is not None
    if reply_to is not None and selectors.seq_of(channel.pk, reply_to) is None:
        raise store.reply_not_found()
    with transaction.atomic():
        held, is_new = HeldMessage.objects.select_related("user").get_or_create(
            room_id=channel.pk,
            user_id=speaker.user_id,
            nonce=nonce,
            defaults={
                "content": judged.content,
                "badges": list(speaker.badges),
                "reply_to_id": reply_to,
                "rule": judged.verdict.rule,
                "matched_from": judged.verdict.span[0],
                "matched_to": judged.verdict.span[1],
            },
        )
        if is_new:
            held_changed(held)
    if held.state == HeldMessage.State.REJECTED:
        raise refused_by_rule()
    stored = selectors.find_nonce(channel.pk, speaker.user_id, nonce)
    if held.state == HeldMessage.State.APPROVED and stored is not None:
        return stored
    raise Conflict("A moderator looks at your message before others see it.", code="MESSAGE_HELD")


async def take_turns(drafts: Sequence[store.Draft]) -> list[DomainError | None]:
    """Use a turn of each draft's author; the refusal of each that has none left."""
    waits = await LIMIT.atake_all([draft.user_id.hex for draft in drafts])
    return [rate_limited(wait) if wait else None for wait in waits]


@lru_cache(maxsize=200)
def slow_limit(seconds: int) -> Limit:
    """One message in so many seconds, of a person in a room."""
    return Limit("slow", f"1/{seconds}")


def slow_key(speaker: Speaker, channel_id: uuid.UUID) -> str:
    return f"{channel_id.hex}:{speaker.user_id.hex}"


@transaction.atomic
def delete_message(*, actor: Actor, message_id: uuid.UUID, room_id: uuid.UUID | None = None) -> Message:
    """Remove a message from everybody's sight: any with the power to, one's own also in a suspended channel.
    Its row and number stay.

    With `room_id` only a message of that room is found. Deleting twice changes nothing.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    found = Message.objects.filter(user=actor) | Message.objects.reachable_by(actor)
    if room_id is not None:
        found = found.of_room(room_id)
    message = found.hold(message_id)
    if message is None:
        raise NotFound("There is no such message.", code="MESSAGE_NOT_FOUND")
    channel = Channel.objects.get(pk=message.room_id)
    if message.user_id != actor.pk:
        policies.require(actor, Power.DELETE_MESSAGE, channel)
    if message.deleted_at is None:
        removal.remove(message, by=actor)
        audit.record(actor=actor, action="message.delete", subject=message, channel_id=channel.pk)
    return message


def rate_limited(wait: float) -> TooMany:
    """The refusal of somebody who writes too fast."""
    seconds = max(1, round(wait + 0.5))
    return TooMany(f"Slow down: you can write again in {seconds} s.", code="RATE_LIMITED", retry_after=wait)


def slow_mode(wait: float) -> TooMany:
    """The refusal of somebody who writes faster than the room's slow mode."""
    seconds = max(1, round(wait + 0.5))
    return TooMany(
        f"This chat is in slow mode: you can write again in {seconds} s.", code="SLOW_MODE", retry_after=wait
    )


def _judge(
    speaker: Speaker, channel: Channel, content: str, nonce: str, message_id: uuid.UUID
) -> tuple[Judged, RoomRules]:
    """The judgement by the rules as they are now; the rules are made ready once a version."""
    version = selectors.version_of(channel.pk)
    ready = _ready.get(channel.pk)
    if ready is None or ready[0] != version:
        state = selectors.room_state(channel)
        memory = ready[2] if ready else Memory()
        ready = state.version, state.rules, memory
    _, rules, memory = ready
    said = selectors.said_last(channel.pk, SAID_BEFORE) if rules.unique or rules.automod.remembers else []
    # One thread at a time: the memory is the room's.
    with _judging:
        _ready[channel.pk] = ready
        _ready.move_to_end(channel.pk)
        if len(_ready) > ROOMS_MOST:
            _ready.popitem(last=False)
        memory.listen(said, rules)
        judged = judge(speaker, rules, content, memory, nonce=nonce, now=timezone.now())
        memory.expect(message_id)
    return judged, rules


def _wait_of_slow_mode(speaker: Speaker, channel: Channel, rules: RoomRules) -> float:
    if not rules.slow_seconds or Power.SPEAK_FREELY in speaker.powers:
        return 0.0
    return slow_limit(rules.slow_seconds).take(slow_key(speaker, channel.pk))
