"""Following a channel, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from apps.accounts.facts import BlockChanged
from apps.accounts.models import Block
from apps.channels.facts import ChannelFollowed
from apps.channels.models import Channel, Follow
from apps.core.errors import Invalid, NotAllowed, SignInNeeded
from apps.core.events import publish

if TYPE_CHECKING:
    import uuid

    from apps.accounts.models import Actor


def follow_channel(*, actor: Actor, channel: Channel) -> Follow:
    """Follow; following twice is one follow. Raises NotAllowed (BLOCKED) for whom the owner blocks."""
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to follow a channel.")
    if channel.owner_id == actor.pk:
        raise Invalid("You can't follow your own channel.", code="OWN_CHANNEL")
    with transaction.atomic():
        # Held before the block is looked for: `end_follows_of_blocked` waits for a follow that saw none.
        Channel.objects.hold(channel.pk)
        if Block.objects.stands(by=channel.owner_id, on=actor.pk):
            raise NotAllowed("You can't follow this channel: its owner has blocked you.", code="BLOCKED")
        follow, is_new = Follow.objects.get_or_create(channel=channel, user=actor)
        if is_new:
            Channel.objects.filter(pk=channel.pk).update(follower_count=F("follower_count") + 1)
            publish(ChannelFollowed(channel.pk, actor.pk))
    return follow


def unfollow_channel(*, actor: Actor, channel: Channel) -> None:
    """Stop following; not following is fine, too."""
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    with transaction.atomic():
        _end_follow(channel.pk, actor.pk)


def end_follows_of_blocked(fact: BlockChanged) -> None:
    """Whom an owner blocks follows none of their channels any more."""
    if not Block.objects.stands(by=fact.user_id, on=fact.blocked_id):
        return
    for channel in Channel.objects.filter(owner_id=fact.user_id):
        with transaction.atomic():
            Channel.objects.hold(channel.pk)
            _end_follow(channel.pk, fact.blocked_id)


def _end_follow(channel_id: uuid.UUID, user_id: uuid.UUID) -> None:
    removed, _ = Follow.objects.filter(channel_id=channel_id, user_id=user_id).delete()
    if removed:
        Channel.objects.filter(pk=channel_id).update(follower_count=F("follower_count") - 1)
