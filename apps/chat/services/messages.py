"""What people do in a room, for every door but the socket's fast path (which shares rules and store)."""

from __future__ import annotations

import uuid

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel, topic
from apps.channels.roles import Power
from apps.chat import selectors, store
from apps.chat.content import clean_content
from apps.chat.models import ChatRoom, Message
from apps.chat.payloads import iso, message_payload
from apps.chat.room import messages_note
from apps.chat.selectors import Line
from apps.core import audit
from apps.core.errors import DomainError, NotFound, SignInNeeded, TooMany
from apps.core.ids import uuid7
from apps.core.ratelimit import Limit
from apps.core.realtime import note

LIMIT = Limit("chat", settings.CHAT_RATE)


def send_message(
    *, actor: Actor, channel: Channel, content: str, nonce: str, reply_to: uuid.UUID | None = None
) -> Message:
    """Say something in a channel's room; it is stored when this returns.

    The same nonce of the same person is the same message: the second time the first one is returned. Raises
    SignInNeeded, Invalid, TooMany (RATE_LIMITED), NotFound (REPLY_NOT_FOUND) or Unavailable.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to chat.")
    text = clean_content(content)
    wait = LIMIT.take(actor.pk.hex)
    if wait:
        if stored := selectors.find_nonce(channel.pk, actor.pk, nonce):
            return stored
        raise rate_limited(wait)
    ChatRoom.objects.get_or_create(channel=channel)
    draft = store.Draft(
        id=uuid7(),
        user_id=actor.pk,
        content=text,
        nonce=nonce,
        badges=selectors.badges_of(actor, channel),
        reply_to=reply_to,
    )
    outcome = store.append(channel.pk, [draft]).outcomes[0]
    if isinstance(outcome, DomainError):
        raise outcome
    message = Message.objects.with_user().get(pk=outcome.id)
    if outcome.is_new:
        line = Line(message.seq, message.pk, orjson.dumps(message_payload(message)))
        note(topic("room", channel.pk), messages_note([line], iso(message.created_at)))
    return message


@transaction.atomic
def delete_message(*, actor: Actor, message_id: uuid.UUID, room_id: uuid.UUID | None = None) -> Message:
    """Remove a message from everybody's sight: one's own, or any with the power to. Its row and number stay.

    With `room_id` only a message of that room is found. Deleting twice changes nothing.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    found = Message.objects.select_for_update(of=("self",)).filter(pk=message_id)
    if room_id is not None:
        found = found.of_room(room_id)
    message = found.first()
    if message is None:
        raise NotFound("There is no such message.", code="MESSAGE_NOT_FOUND")
    channel = Channel.objects.get(pk=message.room_id)
    if message.user_id != actor.pk:
        policies.require(actor, Power.DELETE_MESSAGE, channel)
    if message.deleted_at is None:
        message.deleted_at, message.deleted_by = timezone.now(), actor
        message.save(update_fields=["deleted_at", "deleted_by"])
        audit.record(actor=actor, action="message.delete", subject=message, channel_id=channel.pk)
        at = iso(message.deleted_at)
        gone = {"kind": "deleted", "id": message.pk.bytes, "seq": message.seq, "at": at}
        note(topic("room", channel.pk), gone)
    return message


def rate_limited(wait: float) -> TooMany:
    """The refusal of somebody who writes too fast."""
    seconds = max(1, round(wait + 0.5))
    return TooMany(f"Slow down: you can write again in {seconds} s.", code="RATE_LIMITED", retry_after=wait)
