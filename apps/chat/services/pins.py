"""The pinned message: one a room, the newest wins."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat.models import ChatRoom, Message
from apps.core import audit
from apps.core.errors import Conflict, NotFound
from apps.core.models import AuditEntry

from .rooms import hold_room, hold_room_of, no_longer
from .telling import rules_moved


def pin_message(*, actor: Actor, channel: Channel, message_id: uuid.UUID) -> Message:
    """Keep a message of this room in everybody's sight, in place of the one that is pinned.

    Pinning the pinned changes nothing. Raises NotFound for one that is not there or was removed, Conflict
    (AUTHOR_EXCLUDED) while its author is banned or timed out: nobody would see it.
    """
    policies.require(actor, Power.PIN_MESSAGE, channel)
    with transaction.atomic():
        room = hold_room(channel)
        message = Message.objects.of_room(room.pk).standing().with_user().filter(pk=message_id).first()
        if message is None:
            raise NotFound("There is no such message here.", code="MESSAGE_NOT_FOUND")
        if message.is_struck:
            raise Conflict("Its author is kept out of this chat. Lift that first.", code="AUTHOR_EXCLUDED")
        if room.pinned_id != message.pk:
            replaced = _told(room)
            _set(room, message.pk, actor.pk, timezone.now())
            _record(actor, "message.pin", message, replaced=replaced)
    return message


def unpin_message(*, actor: Actor, channel: Channel) -> None:
    """Take the pinned message down; where none is, nothing changes."""
    policies.require(actor, Power.PIN_MESSAGE, channel)
    with transaction.atomic():
        room = hold_room(channel)
        if room.pinned is not None:
            message, replaced = room.pinned, _told(room)
            _set(room, None, None, None)
            _record(actor, "message.unpin", message, replaced=replaced)


def undo_pin(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `message.pin`: what was pinned before is pinned again, or nothing."""
    room = hold_room_of(entry)
    if str(room.pinned_id) != entry.subject_id:
        raise no_longer("Another message is pinned now, or none.")
    _restore(room, entry.details["replaced"])


def undo_unpin(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `message.unpin`."""
    room = hold_room_of(entry)
    if room.pinned_id is not None:
        raise no_longer("Another message is pinned now.")
    _restore(room, entry.details["replaced"])


def _told(room: ChatRoom) -> dict[str, str | None] | None:
    """What is pinned, as the audit log keeps it."""
    if room.pinned_id is None or room.pinned_at is None:
        return None
    by = str(room.pinned_by_id) if room.pinned_by_id else None
    return {"message_id": str(room.pinned_id), "by": by, "at": room.pinned_at.isoformat()}


def _restore(room: ChatRoom, told: dict[str, Any] | None) -> None:
    if told is None:
        _set(room, None, None, None)
        return
    # An account that is closed since pinned nothing that others could ask about.
    by = told["by"] if User.objects.filter(pk=told["by"]).exists() else None
    _set(room, told["message_id"], by, datetime.fromisoformat(told["at"]))


def _set(room: ChatRoom, message_id: Any, by_id: Any, at: datetime | None) -> None:
    room.pinned_id, room.pinned_by_id, room.pinned_at = message_id, by_id, at
    room.save(update_fields=["pinned", "pinned_by", "pinned_at"])
    rules_moved(room.pk)


def _record(actor: Actor, action: str, message: Message, **details: Any) -> None:
    audit.record(actor=actor, action=action, subject=message, channel_id=message.room_id, **details)
