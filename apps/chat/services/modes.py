"""The modes of a room: who may write, how often, and what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat.models import FOLLOWED_MOST, SLOW_LEAST, SLOW_MOST, ChatRoom
from apps.core import audit
from apps.core.errors import Invalid
from apps.core.models import AuditEntry

from .rooms import hold_room, hold_room_of, no_longer
from .telling import rules_moved


def edit_modes(*, actor: Actor, channel: Channel, **changes: Any) -> ChatRoom:
    """Change any of slow, followers_only, members_only, emotes_only and unique; what is not named stays.

    `slow` is in seconds, 0 for off; `followers_only` in minutes of having followed, None for off. Raises
    Invalid that names the mode, its rule and the way out.
    """
    policies.require(actor, Power.EDIT_CHAT_MODES, channel)
    wanted = checked_modes(changes)
    with transaction.atomic():
        room = hold_room(channel)
        before = modes_of(room)
        after = {name: value for name, value in wanted.items() if value != before[name]}
        if after:
            set_modes(room, after)
            audit.record(
                actor=actor,
                action="chat.modes",
                subject=channel,
                channel_id=channel.pk,
                before={name: before[name] for name in after},
                after=after,
            )
            rules_moved(channel.pk)
    return room


def checked_modes(modes: Mapping[str, Any]) -> dict[str, Any]:
    """The modes if each is one, set to what it takes; raises Invalid as `edit_modes` does."""
    return {name: _checked(name, value) for name, value in modes.items()}


def modes_of(room: ChatRoom) -> dict[str, Any]:
    """All modes of the room, by the names that `edit_modes` takes."""
    return {name: getattr(room, stored) for name, (stored, _) in _MODES.items()}


def set_modes(room: ChatRoom, modes: Mapping[str, Any]) -> None:
    """Store checked modes; the caller holds the room and writes the audit entry."""
    stored = {_MODES[name][0]: value for name, value in modes.items()}
    for name, value in stored.items():
        setattr(room, name, value)
    room.save(update_fields=list(stored))


def undo_edit(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `chat.modes`, as long as the same modes have not been changed again."""
    room = hold_room_of(entry)
    standing = modes_of(room)
    if any(standing[name] != value for name, value in entry.details["after"].items()):
        raise no_longer("These modes have been changed since.")
    set_modes(room, entry.details["before"])
    rules_moved(room.pk)


def _checked(name: str, value: Any) -> Any:
    if name not in _MODES:
        raise Invalid.field(name, f"A chat has no mode {name}. It has: {', '.join(_MODES)}.")
    return _MODES[name][1](name, value)


def _slow(name: str, value: Any) -> int:
    if type(value) is not int or not (value == 0 or SLOW_LEAST <= value <= SLOW_MOST):
        raise Invalid.field(name, f"Slow mode lasts {SLOW_LEAST} to {SLOW_MOST} seconds; 0 turns it off.")
    return value


def _minutes(name: str, value: Any) -> int | None:
    if value is not None and (type(value) is not int or not 0 <= value <= FOLLOWED_MOST):
        raise Invalid.field(
            name, f"Say for how many minutes people must have followed: 0 to {FOLLOWED_MOST} (90 days)."
        )
    return value


def _flag(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise Invalid.field(name, f"{name} must be true or false.")
    return value


# By the name that people and programs use: the room's field, and the rule of its values.
_MODES: dict[str, tuple[str, Callable[[str, Any], Any]]] = {
    "slow": ("slow_seconds", _slow),
    "followers_only": ("followers_only_minutes", _minutes),
    "members_only": ("members_only", _flag),
    "emotes_only": ("emotes_only", _flag),
    "unique": ("unique", _flag),
}
