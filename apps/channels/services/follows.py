"""Following a channel, being told of it, and no longer."""

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

    from apps.accounts.models import Actor, User


def follow_channel(*, actor: Actor, channel: Channel, bell: str | None = None) -> Follow:
    """Follow, and choose of what to hear (`Follow.Bell`); following twice is one follow.

    Without `bell` a new follow hears of going live, and one that exists stays as it is. Raises Invalid that
    names `bell`, NotAllowed (BLOCKED) for whom the owner blocks.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to follow a channel.")
    if channel.owner_id == actor.pk:
        raise Invalid("You can't follow your own channel.", code="OWN_CHANNEL")
    if bell is not None and bell not in Follow.Bell.values:
        raise Invalid.field("bell", "Choose all, live or off.")
    with transaction.atomic():
        # Held before the block is looked for: `end_follows_of_blocked` waits for a follow that saw none.
        Channel.objects.hold(channel.pk)
        if Block.objects.stands(by=channel.owner_id, on=actor.pk):
            raise NotAllowed("You can't follow this channel: its owner has blocked you.", code="BLOCKED")
        chosen = {"bell": bell} if bell else {}
        follow, is_new = Follow.objects.get_or_create(channel=channel, user=actor, defaults=chosen)
        if bell and follow.bell != bell:
            follow.bell = bell
            follow.save(update_fields=["bell"])
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


def silence_bell(*, channel_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """No more letters of this channel for this person, who has shown that they got one.

    Who does not follow any more has none to end.
    """
    Follow.objects.filter(channel_id=channel_id, user_id=user_id).update(bell=Follow.Bell.OFF)


def end_follows_of_blocked(fact: BlockChanged) -> None:
    """Whom an owner blocks follows none of their channels any more."""
    if not Block.objects.stands(by=fact.user_id, on=fact.blocked_id):
        return
    for channel in Channel.objects.filter(owner_id=fact.user_id):
        with transaction.atomic():
            Channel.objects.hold(channel.pk)
            _end_follow(channel.pk, fact.blocked_id)


def end_channel_follows_of(person: User) -> None:
    """Whoever goes for good follows no channel any more; the channels' counts are right at once."""
    for channel_id in list(Follow.objects.filter(user=person).values_list("channel_id", flat=True)):
        with transaction.atomic():
            # Not `hold`: one that is gone meanwhile took the follow along.
            Channel.objects.select_for_update(no_key=True).filter(pk=channel_id).first()
            _end_follow(channel_id, person.pk)


def _end_follow(channel_id: uuid.UUID, user_id: uuid.UUID) -> None:
    removed, _ = Follow.objects.filter(channel_id=channel_id, user_id=user_id).delete()
    if removed:
        Channel.objects.filter(pk=channel_id).update(follower_count=F("follower_count") - 1)
