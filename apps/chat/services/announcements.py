"""Messages that stand out."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat import selectors, store
from apps.chat.content import clean_content
from apps.chat.models import Message
from apps.chat.rules import check_standing
from apps.chat.selectors import Speaker
from apps.core import audit
from apps.core.errors import DomainError, NotAllowed
from apps.core.ids import uuid7
from apps.core.models import AuditEntry

from . import messages, removal
from .rooms import hold_room, no_longer
from .telling import message_said


def announce(*, actor: Actor, channel: Channel, content: str, nonce: str) -> Message:
    """Say something that everybody sees as an announcement; the same nonce is the same announcement.

    Raises NotAllowed (BANNED, TIMED_OUT, WARNED), Invalid (CONTENT_EMPTY, CONTENT_TOO_LONG), TooMany
    (RATE_LIMITED) or Unavailable.
    """
    policies.require(actor, Power.ANNOUNCE, channel)
    assert actor.is_authenticated
    speaker = selectors.speakers([actor.pk], channel)[0]
    if speaker is None:
        raise NotAllowed("This account can't be used.")
    check_standing(speaker, timezone.now())
    text = clean_content(content)
    if stored := selectors.find_nonce(channel.pk, actor.pk, nonce):
        return stored
    if wait := messages.LIMIT.take(actor.pk.hex):
        raise messages.rate_limited(wait)
    with transaction.atomic():
        hold_room(channel)
        message, is_new = say(channel.pk, speaker, text, nonce=nonce, kind=Message.Kind.ANNOUNCEMENT)
        if is_new:
            _record(actor, message)
    return message


def announce_for_channel(channel: Channel, content: str, *, nonce: str, **details: str) -> None:
    """Announce what the channel had set up beforehand, in its owner's name; the same nonce is the same
    announcement. The caller holds the room."""
    speaker = selectors.speakers([channel.owner_id], channel)[0]
    if speaker is None:
        return  # the account is closed: nobody is there to speak
    message, is_new = say(
        channel.pk, speaker, clean_content(content), nonce=nonce, kind=Message.Kind.ANNOUNCEMENT
    )
    if is_new:
        _record(None, message, **details)


def say(
    room_id: uuid.UUID, speaker: Speaker, content: str, *, nonce: str, kind: Message.Kind
) -> tuple[Message, bool]:
    """Store a line that stands out and tell the room; whether it is new. The caller holds the room."""
    draft = store.Draft(uuid7(), speaker.user_id, content, nonce, speaker.badges, kind=kind)
    outcome = store.append(room_id, [draft]).outcomes[0]
    if isinstance(outcome, DomainError):
        raise outcome
    message = Message.objects.with_user().get(pk=outcome.id)
    if outcome.is_new:
        message_said(message)
    return message, outcome.is_new


def _record(actor: Actor | None, message: Message, **details: str) -> None:
    audit.record(
        actor=actor,
        action="message.announce",
        subject=message,
        channel_id=message.room_id,
        content=message.content,
        **details,
    )


def undo_announce(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `message.announce`: it is removed like any message."""
    message = Message.objects.hold(entry.subject_id)
    if message is None or message.deleted_at is not None:
        raise no_longer("The announcement was removed before.")
    removal.remove(message, by=actor)
