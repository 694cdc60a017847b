"""Taking one message out of everybody's sight, and giving it back; the callers ask for the power."""

from __future__ import annotations

import uuid

from django.utils import timezone

from apps.accounts.models import Actor
from apps.chat.models import Message
from apps.core.errors import Conflict
from apps.core.models import AuditEntry

from .rooms import no_longer
from .telling import message_removed, messages_restored


def hold_message(message_id: uuid.UUID | str) -> Message | None:
    """The message as it is now, its row held until the transaction ends."""
    return Message.objects.select_for_update(of=("self",)).filter(pk=message_id).first()


def remove(message: Message, *, by: Actor) -> None:
    """Its row and its number stay; its content is for moderators alone."""
    message.deleted_at, message.deleted_by_id = timezone.now(), by.pk
    message.save(update_fields=["deleted_at", "deleted_by"])
    message_removed(message)


def restore(message: Message) -> None:
    """Everybody sees it again, in its old place."""
    message.deleted_at = message.deleted_by_id = None
    message.save(update_fields=["deleted_at", "deleted_by"])
    messages_restored(message.room_id, [message.pk])


def undo_delete(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `message.delete`. What its author removed stays removed: it was theirs to say or not."""
    message = hold_message(entry.subject_id)
    if message is None or message.deleted_at is None or message.deleted_by_id != entry.actor_id:
        raise no_longer("The message was restored before.")
    if entry.actor_id == message.user_id:
        raise Conflict("Its author removed this message.", code="CANNOT_BE_UNDONE")
    restore(message)


def undo_restore(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `message.restore`."""
    message = hold_message(entry.subject_id)
    if message is None or message.deleted_at is not None:
        raise no_longer("The message was removed again.")
    remove(message, by=actor)
