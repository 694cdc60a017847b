"""Messages that an automatic rule keeps back, until a moderator decides."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat import store
from apps.chat.models import HeldMessage, Message
from apps.core import audit
from apps.core.errors import Conflict, DomainError, NotAllowed, NotFound, SignInNeeded
from apps.core.ids import uuid7
from apps.core.models import AuditEntry
from apps.moderation.selectors import standing_of

from . import removal
from .rooms import hold_room, hold_room_of, no_longer
from .telling import held_changed, message_said, person_told

REJECTED = "A moderator looked at your message and kept it back."


def approve_held(*, actor: Actor, held_id: uuid.UUID) -> Message:
    """Let a held message be said; it takes its place behind what was said meanwhile.

    Raises NotFound, or Conflict (ANSWERED_BEFORE; AUTHOR_EXCLUDED when its author is banned or timed out;
    SAID_OTHERWISE when its author has said something else in its place, or taken it back).
    """
    channel = _channel_of(actor, held_id)
    with transaction.atomic():
        held = _open(actor, channel, held_id)
        standing = standing_of([held.user_id], channel).get(held.user_id)
        if standing is not None and (standing.banned or standing.until):
            raise Conflict(
                f"{held.user.name} may not write here now. Lift that first, or reject the message.",
                code="AUTHOR_EXCLUDED",
            )
        message = _said(held)
        _answer(actor, held, HeldMessage.State.APPROVED, "held.approve", message_id=str(message.pk))
    return message


def reject_held(*, actor: Actor, held_id: uuid.UUID) -> HeldMessage:
    """Keep a held message from being said for good; its author is told. Raises like `approve_held`."""
    channel = _channel_of(actor, held_id)
    with transaction.atomic():
        held = _open(actor, channel, held_id)
        _answer(actor, held, HeldMessage.State.REJECTED, "held.reject")
        person_told(channel.pk, held.user_id, REJECTED, nonce=held.nonce)
    return held


def undo_approve(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `held.approve`: the message is out of sight, and waits again."""
    held = _answered(entry, HeldMessage.State.APPROVED)
    message = Message.objects.hold(entry.details["message_id"])
    if message is None or message.deleted_at is not None:
        raise no_longer("The message was removed since.")
    removal.remove(message, by=actor)
    _reopen(held)


def undo_reject(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `held.reject`: it waits again."""
    _reopen(_answered(entry, HeldMessage.State.REJECTED))


def _channel_of(actor: Actor, held_id: uuid.UUID) -> Channel:
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    channel = Channel.objects.reachable_by(actor).filter(chat_room__held_messages=held_id).first()
    if channel is None:
        raise _not_found()
    policies.require(actor, Power.REVIEW_HELD, channel)
    return channel


def _open(actor: Actor, channel: Channel, held_id: uuid.UUID) -> HeldMessage:
    """The held message, once the room is held, so that of two who answer one comes second."""
    hold_room(channel)
    held = HeldMessage.objects.select_related("user").filter(pk=held_id).first()
    if held is None:
        raise _not_found()
    if held.state != HeldMessage.State.OPEN:
        raise Conflict("This message has been answered.", code="ANSWERED_BEFORE")
    if held.user_id == actor.pk:
        raise NotAllowed("Somebody else has to look at your own message.")
    return held


def _said(held: HeldMessage) -> Message:
    """The message in the room. Approved before and taken back, it returns to the place it had."""
    draft = store.Draft(
        id=uuid7(),
        user_id=held.user_id,
        content=held.content,
        nonce=held.nonce,
        badges=tuple(held.badges),
        reply_to=held.reply_to_id,
    )
    outcome = store.append(held.room_id, [draft]).outcomes[0]
    if isinstance(outcome, DomainError):
        raise outcome
    message = Message.objects.with_user().get(pk=outcome.id)
    # The nonce is its author's choice: other words that went under it are not what a moderator looked at.
    if message.content != held.content or message.deleted_by_id == held.user_id:
        raise Conflict(
            "Its author has said something else in its place, or taken it back. Reject it.",
            code="SAID_OTHERWISE",
        )
    if outcome.is_new:
        message_said(message)
    elif message.deleted_at is not None:
        removal.restore(message)
    return message


def _answer(actor: Actor, held: HeldMessage, state: HeldMessage.State, action: str, **details: Any) -> None:
    assert actor.is_authenticated
    held.state, held.answered_by, held.answered_at = state, actor, timezone.now()
    held.save(update_fields=["state", "answered_by", "answered_at"])
    audit.record(
        actor=actor,
        action=action,
        subject=held.user,
        channel_id=held.room_id,
        held_id=str(held.pk),
        content=held.content,
        rule=held.rule,
        **details,
    )
    held_changed(held)


def _answered(entry: AuditEntry, state: HeldMessage.State) -> HeldMessage:
    hold_room_of(entry)
    held = HeldMessage.objects.select_related("user").filter(pk=entry.details["held_id"]).first()
    if held is None or held.state != state:
        raise no_longer("The answer has changed.")
    return held


def _reopen(held: HeldMessage) -> None:
    held.state, held.answered_by, held.answered_at = HeldMessage.State.OPEN, None, None
    held.save(update_fields=["state", "answered_by", "answered_at"])
    held_changed(held)


def _not_found() -> NotFound:
    return NotFound("There is no such held message.", code="HELD_NOT_FOUND")
