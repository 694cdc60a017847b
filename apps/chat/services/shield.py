"""Shield mode: one press tightens modes and automatic rules, the next one returns to exactly what was."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat.models import ChatRoom
from apps.core import audit
from apps.core.models import AuditEntry
from apps.moderation import services as moderation

from .modes import modes_of, set_modes
from .rooms import hold_room, hold_room_of, no_longer
from .telling import rules_moved

# At least this strict; what is stricter already stays.
SLOW_SECONDS, FOLLOWED_MINUTES = 10, 10


def raise_shield(*, actor: Actor, channel: Channel) -> ChatRoom:
    """Make the room strict at once; raising the raised shield changes nothing."""
    policies.require(actor, Power.USE_SHIELD, channel)
    moderation.take_turn(actor, channel.pk)
    with transaction.atomic():
        room = hold_room(channel)
        if room.shield_before is None:
            before = {"modes": modes_of(room), "rules": moderation.tighten(channel)}
            set_modes(room, _strict(before["modes"]))
            _store(room, before)
            _record(actor, "shield.raise", channel, before=before)
    return room


def lower_shield(*, actor: Actor, channel: Channel) -> ChatRoom:
    """Return to what was before the shield, whatever was changed behind it; lowering twice is once."""
    policies.require(actor, Power.USE_SHIELD, channel)
    moderation.take_turn(actor, channel.pk)
    with transaction.atomic():
        room = hold_room(channel)
        if (before := room.shield_before) is not None:
            behind = _return(room, before)
            _record(actor, "shield.lower", channel, before=before, behind=behind)
    return room


def undo_raise(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `shield.raise`, while it is up."""
    room = hold_room_of(entry)
    if room.shield_before != entry.details["before"]:
        raise no_longer("This shield has been lowered.")
    _return(room, room.shield_before)


def undo_lower(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `shield.lower`: it is up again, with what was behind it, unless that changed meanwhile."""
    room = hold_room_of(entry)
    before, behind = entry.details["before"], entry.details["behind"]
    if room.shield_before is not None:
        raise no_longer("The shield is up again.")
    rules = moderation.put_back(room.channel, behind["rules"])
    if {"modes": modes_of(room), "rules": rules} != before:
        raise no_longer("Modes or rules have been changed since.")
    set_modes(room, behind["modes"])
    _store(room, before)


def _strict(modes: dict[str, Any]) -> dict[str, Any]:
    return {
        "slow": max(modes["slow"], SLOW_SECONDS),
        "followers_only": max(modes["followers_only"] or 0, FOLLOWED_MINUTES),
    }


def _return(room: ChatRoom, before: dict[str, Any]) -> dict[str, Any]:
    """Let `before` hold again; returns what stood until now."""
    behind = {"modes": modes_of(room), "rules": moderation.put_back(room.channel, before["rules"])}
    set_modes(room, before["modes"])
    _store(room, None)
    return behind


def _store(room: ChatRoom, before: dict[str, Any] | None) -> None:
    room.shield_before = before
    room.save(update_fields=["shield_before"])
    rules_moved(room.pk)


def _record(actor: Actor, action: str, channel: Channel, **details: Any) -> None:
    audit.record(actor=actor, action=action, subject=channel, channel_id=channel.pk, **details)
