"""Taking one message out of everybody's sight, and giving it back."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat.models import Message
from apps.core import audit
from apps.core.errors import Conflict, NotAllowed, NotFound, SignInNeeded
from apps.core.models import AuditEntry

from .rooms import no_longer
from .telling import message_removed, messages_restored


@transaction.atomic
def restore_message(*, actor: Actor, message_id: uuid.UUID) -> Message:
    """Let everybody see a removed message again; one that was not removed stays as it is.

    Raises NotFound, Conflict (REMOVED_BY_AUTHOR) for what its author removed, NotAllowed for one's own.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    message = Message.objects.reachable_by(actor).hold(message_id)
    if message is None:
        raise NotFound("There is no such message.", code="MESSAGE_NOT_FOUND")
    channel = Channel.objects.get(pk=message.room_id)
    policies.require(actor, Power.DELETE_MESSAGE, channel)
    if message.deleted_at is not None:
        _require_other_hands(actor, message)
        by = str(message.deleted_by_id) if message.deleted_by_id else None
        removed = {"at": message.deleted_at.isoformat(), "by": by}
        restore(message)
        audit.record(
            actor=actor, action="message.restore", subject=message, channel_id=channel.pk, removed=removed
        )
    return message


def remove(message: Message, *, by: Actor) -> None:
    """Its row and its number stay; its content is for moderators alone. The caller asks for the power."""
    message.deleted_at, message.deleted_by_id = timezone.now(), by.pk
    message.save(update_fields=["deleted_at", "deleted_by"])
    message_removed(message)


def restore(message: Message) -> None:
    """Everybody sees it again, in its old place. The caller asks for the power."""
    message.deleted_at = message.deleted_by_id = None
    message.save(update_fields=["deleted_at", "deleted_by"])
    messages_restored(message.room_id, [message.pk])


def undo_delete(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `message.delete`."""
    message = Message.objects.hold(entry.subject_id)
    if message is None or message.deleted_at is None or message.deleted_by_id != entry.actor_id:
        raise no_longer("The message was restored before.")
    _require_other_hands(actor, message)
    restore(message)


def undo_restore(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `message.restore`: removed as it was, so that what removed it can still be undone."""
    message = Message.objects.hold(entry.subject_id)
    if message is None or message.deleted_at is not None:
        raise no_longer("The message was removed again.")
    removed = entry.details["removed"]
    message.deleted_at = datetime.fromisoformat(removed["at"])
    message.deleted_by = User.objects.filter(pk=removed["by"]).first()
    message.save(update_fields=["deleted_at", "deleted_by"])
    message_removed(message)


def _require_other_hands(actor: Actor, message: Message) -> None:
    """What its author removed was theirs to say or not; what others removed, they don't bring back."""
    if message.deleted_by_id == message.user_id:
        raise Conflict("Its author removed this message.", code="REMOVED_BY_AUTHOR")
    if message.user_id == actor.pk:
        raise NotAllowed("Somebody else has to bring your own message back.")
