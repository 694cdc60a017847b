"""Asking for a power. The first line of every verb that needs one."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from apps.core.errors import Invalid, NotAllowed, SignInNeeded

from .models import Channel, ChannelRole
from .roles import POWERS, Power, Role, rank

if TYPE_CHECKING:
    from apps.accounts.models import Actor, User

_WORDS = {
    Power.DELETE_CHANNEL: "delete this channel",
    Power.EDIT_CHANNEL: "edit this channel",
    Power.EDIT_SCHEDULE: "plan broadcasts here",
    Power.USE_KEY: "see or change this channel's stream key",
    Power.SIMULCAST: "choose where this channel's stream is forwarded to",
    Power.GO_LIVE: "start a broadcast here",
    Power.EDIT_BROADCAST: "edit this broadcast",
    Power.END_BROADCAST: "end this broadcast",
    Power.EDIT_SHOWS: "set up this channel's shows",
    Power.VIEW_DASHBOARD: "open this dashboard",
    Power.READ_FOLLOWERS: "read who follows this channel",
    Power.MANAGE_TEAM: "choose this channel's editors and moderators",
    Power.GIVE_VIP: "choose this channel's VIPs",
    Power.SPEAK_FREELY: "write past this chat's limits",
    Power.PIN_MESSAGE: "pin messages here",
    Power.ANNOUNCE: "make announcements here",
    Power.EDIT_CHAT_MODES: "change this chat's modes",
    Power.RAID: "send this channel's viewers on",
    Power.VIEW_MODERATION: "open this channel's moderation",
    Power.DELETE_MESSAGE: "remove other people's messages here",
    Power.CLEAR_CHAT: "clear this chat",
    Power.TIME_OUT: "time people out here",
    Power.BAN: "ban or unban people here",
    Power.WARN: "warn people here",
    Power.ANSWER_UNBANS: "answer requests to be unbanned here",
    Power.REVIEW_HELD: "approve or reject held messages here",
    Power.REVIEW_REPORTS: "answer this channel's reports",
    Power.WRITE_NOTES: "read or write notes about people here",
    Power.EDIT_AUTOMOD: "change this chat's automatic rules",
    Power.USE_SHIELD: "switch this chat's shield mode",
    Power.UNDO_MODERATION: "undo what moderators did here",
}


def role_of(user: Actor, channel: Channel) -> Role | None:
    """The person's role in the channel, or None for everybody else."""
    if not user.is_authenticated:
        return None
    if channel.owner_id == user.pk:
        return Role.OWNER
    held = ChannelRole.objects.filter(channel=channel, user=user).values_list("role", flat=True).first()
    return role_given(user.pk, channel, held)


def role_given(user_id: uuid.UUID, channel: Channel, held: str | None) -> Role | None:
    """The role of somebody who is in the channel's team as `held`; its owner is not in the team."""
    return Role.OWNER if channel.owner_id == user_id else Role(held) if held else None


def roles_of(user_ids: Collection[uuid.UUID], channel: Channel) -> dict[uuid.UUID, Role]:
    """The roles in the channel of those people who have one."""
    helpers = ChannelRole.objects.filter(channel=channel, user_id__in=user_ids)
    held = {user_id: Role(role) for user_id, role in helpers.values_list("user_id", "role")}
    if channel.owner_id in user_ids:
        held[channel.owner_id] = Role.OWNER
    return held


def powers_of(user: Actor, channel: Channel) -> frozenset[Power]:
    """All that the person may do in the channel."""
    role = role_of(user, channel)
    return POWERS[role] if role else frozenset()


def may(user: Actor, power: Power, channel: Channel) -> bool:
    return power in powers_of(user, channel)


def require(user: Actor, power: Power, channel: Channel) -> Role:
    """The role in `channel` that gives `user` this `power`; raises SignInNeeded or NotAllowed without one."""
    if not user.is_authenticated:
        raise SignInNeeded("Sign in first.")
    role = role_of(user, channel)
    if role is None or power not in POWERS[role]:
        raise NotAllowed(f"You may not {_WORDS[power]}. The channel's owner can give you a role.")
    return role


def require_over(actor: Actor, power: Power, target: User, channel: Channel) -> None:
    """Raise unless `actor` holds `power` in `channel` and may turn it on `target`.

    Nobody turns a power on themselves, on the owner, on staff or on somebody of their own rank.
    """
    require_over_role(actor, power, target, role_of(target, channel), channel)


def require_over_role(
    actor: Actor, power: Power, target: User, theirs: Role | None, channel: Channel
) -> None:
    """`require_over` for who knows the role of `target` already."""
    role = require(actor, power, channel)
    if target.pk == actor.pk:
        raise Invalid("You can't do this to yourself.", code="OWN_ACCOUNT")
    if theirs is Role.OWNER:
        raise NotAllowed("Nobody can do this to the channel's owner.", code="TARGET_IS_OWNER")
    if target.is_staff:
        raise NotAllowed(
            "Nobody can do this to staff of this platform. Report the person instead.", code="TARGET_IS_STAFF"
        )
    if theirs and rank(theirs) >= rank(role):
        raise NotAllowed(
            f"{target.name} has the role {theirs.label} here. Only the channel's owner can do this to them.",
            code="TARGET_IS_HELPER",
        )
