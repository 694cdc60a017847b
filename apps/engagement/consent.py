"""Whether a channel takes a raid: live, open to everybody, and willing."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.utils import timezone

from apps.accounts.models import Block
from apps.channels.models import Channel, ChannelRole, Follow
from apps.channels.roles import Role
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed
from apps.moderation.models import Sanction
from apps.streams.models import Broadcast

from .models import RaidBlock, RaidSettings

# Who helps to make a channel, in the words of its settings: its team.
_TEAM = (Role.EDITOR, Role.MODERATOR)


def check_raid(*, source: Channel, target: Channel, raiders: Collection[uuid.UUID]) -> None:
    """Raise unless `source`, by these people, may raid `target` now.

    Invalid OWN_CHANNEL, Conflict TARGET_NOT_LIVE, NotAllowed RAIDS_REFUSED, which says nothing of why: a
    block is its owner's own matter.
    """
    if source.pk == target.pk:
        raise Invalid.field("target", "A channel can't raid itself.", code="OWN_CHANNEL")
    is_live = Broadcast.objects.on_air().filter(channel=target).exists()
    if not is_live or target.suspended_at is not None:
        raise Conflict(
            f"{target.name} is not live. Choose a channel that is.",
            code="TARGET_NOT_LIVE",
            fields={"target": ["Not live."]},
        )
    if target.visibility != Channel.Visibility.PUBLIC or not _takes(target, source, raiders):
        raise _refused(target)


def _takes(target: Channel, source: Channel, raiders: Collection[uuid.UUID]) -> bool:
    if RaidBlock.objects.filter(channel=target, blocked=source).exists():
        return False
    if Block.objects.filter(user=target.owner_id, blocked__in=raiders).exists():
        return False
    if Sanction.objects.standing(timezone.now()).filter(channel=target, user__in=raiders).exists():
        return False
    settings = RaidSettings.objects.filter(channel=target).first()
    match settings.accepts if settings else RaidSettings.Accepts.ANYONE:
        case RaidSettings.Accepts.ANYONE:
            return True
        case RaidSettings.Accepts.KNOWN:
            return _knows(target, source)
    return False


def _knows(target: Channel, source: Channel) -> bool:
    """The owner of `target` follows `source`, owns it too, or its owner is in the team of `target`."""
    if target.owner_id == source.owner_id:
        return True
    if Follow.objects.filter(user=target.owner_id, channel=source).exists():
        return True
    return ChannelRole.objects.filter(channel=target, user=source.owner_id, role__in=_TEAM).exists()


def _refused(target: Channel) -> DomainError:
    return NotAllowed(
        f"{target.name} takes no raid of this channel.",
        code="RAIDS_REFUSED",
        fields={"target": ["Takes no raid of this channel."]},
    )
