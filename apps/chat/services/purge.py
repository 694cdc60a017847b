"""Removing many messages at once: those of a person, or all that a room shows."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat.models import Message, MessageQuerySet
from apps.chat.room import RING
from apps.core import audit
from apps.core.models import AuditEntry

from .rooms import hold_room, hold_room_of, no_longer
from .telling import messages_cleared, messages_restored

# How far back clearing reaches: beyond what any screen shows, and a bounded piece of work.
CLEARED_MOST = 10_000


def purge_person(*, actor: Actor, channel: Channel, user: User) -> int:
    """Remove all that `user` said here from everybody's sight; returns how many messages that were.

    Not those of the owner, staff, oneself or somebody of one's own rank. The rows stay.
    """
    policies.require_over(actor, Power.DELETE_MESSAGE, user, channel)
    with transaction.atomic():
        last_seq = hold_room(channel).last_seq
        said = Message.objects.of_room(channel.pk).filter(user=user)
        return _remove(actor, channel, said, last_seq, user)


def clear_room(*, actor: Actor, channel: Channel) -> int:
    """Remove what the room shows, its newest 10,000 messages; returns how many were left of them."""
    policies.require(actor, Power.CLEAR_CHAT, channel)
    with transaction.atomic():
        last_seq = hold_room(channel).last_seq
        shown = Message.objects.of_room(channel.pk).filter(seq__gt=last_seq - CLEARED_MOST)
        return _remove(actor, channel, shown, last_seq, None)


def undo_removal(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `person.purge` and `chat.clear`: what they removed is there again, and nothing else.

    What was restored one by one meanwhile stays restored.
    """
    room = hold_room_of(entry)
    # No two removals share their moment: whoever removes holds the room.
    removed = Message.objects.of_room(room.pk).filter(deleted_at=entry.details["at"])
    # What rooms hold in memory, and screens show; who reads further back asks the database.
    newest = list(removed.order_by("-seq").values_list("pk", flat=True)[:RING])
    if not newest:
        raise no_longer("These messages have been restored before.")
    removed.update(deleted_at=None, deleted_by=None)
    messages_restored(room.pk, newest)


def _remove(actor: Actor, channel: Channel, messages: MessageQuerySet, up_to: int, user: User | None) -> int:
    at = timezone.now()
    found = messages.standing().filter(seq__lte=up_to)
    count = found.update(deleted_at=at, deleted_by=actor.pk)
    if count:
        audit.record(
            actor=actor,
            action="person.purge" if user else "chat.clear",
            subject=user or channel,
            channel_id=channel.pk,
            at=at.isoformat(),
            count=count,
        )
        messages_cleared(channel.pk, user_id=user.pk if user else None, up_to=up_to, at=at)
    return count
