"""Asking for a power. The first line of every verb that needs one."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from apps.core.errors import NotAllowed, SignInNeeded

from .models import Channel, ChannelRole
from .roles import POWERS, Power, Role

if TYPE_CHECKING:
    from apps.accounts.models import Actor

_WORDS = {
    Power.DELETE_CHANNEL: "delete this channel",
    Power.EDIT_CHANNEL: "edit this channel",
    Power.USE_KEY: "see or change this channel's stream key",
    Power.GO_LIVE: "start a broadcast here",
    Power.EDIT_BROADCAST: "edit this broadcast",
    Power.END_BROADCAST: "end this broadcast",
    Power.VIEW_DASHBOARD: "open this dashboard",
    Power.DELETE_MESSAGE: "remove other people's messages here",
}


def role_of(user: Actor, channel: Channel) -> Role | None:
    """The person's role in the channel, or None for everybody else."""
    if not user.is_authenticated:
        return None
    if channel.owner_id == user.pk:
        return Role.OWNER
    held = ChannelRole.objects.filter(channel=channel, user=user).values_list("role", flat=True).first()
    return Role(held) if held else None


def roles_of(user_ids: Collection[uuid.UUID], channel: Channel) -> dict[uuid.UUID, Role]:
    """The roles in the channel of those people who have one."""
    helpers = ChannelRole.objects.filter(channel=channel, user_id__in=user_ids)
    held = {user_id: Role(role) for user_id, role in helpers.values_list("user_id", "role")}
    if channel.owner_id in user_ids:
        held[channel.owner_id] = Role.OWNER
    return held


def may(user: Actor, power: Power, channel: Channel) -> bool:
    role = role_of(user, channel)
    return role is not None and power in POWERS[role]


def require(user: Actor, power: Power, channel: Channel) -> None:
    """Raise SignInNeeded or NotAllowed unless `user` holds `power` in `channel`."""
    if not user.is_authenticated:
        raise SignInNeeded("Sign in first.")
    if not may(user, power, channel):
        raise NotAllowed(f"You may not {_WORDS[power]}. Its owner can give you a role.")
