"""Following a channel, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from apps.channels.facts import ChannelFollowed
from apps.channels.models import Channel, Follow
from apps.core.errors import Invalid, SignInNeeded
from apps.core.events import publish

if TYPE_CHECKING:
    from apps.accounts.models import Actor


def follow_channel(*, actor: Actor, channel: Channel) -> Follow:
    """Follow; following twice is one follow."""
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to follow a channel.")
    if channel.owner_id == actor.pk:
        raise Invalid("You can't follow your own channel.", code="OWN_CHANNEL")
    with transaction.atomic():
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
        removed, _ = Follow.objects.filter(channel=channel, user=actor).delete()
        if removed:
            Channel.objects.filter(pk=channel.pk).update(follower_count=F("follower_count") - 1)
