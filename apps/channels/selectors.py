"""Finding channels by what people and programs know of them."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db.models import Q

from apps.core.errors import NotFound

from .models import Channel, Follow

if TYPE_CHECKING:
    from apps.accounts.models import Actor


def find_channel(*, viewer: Actor, slug_or_id: str) -> Channel:
    """The channel with this address or id, or that once had this address. NotFound when hidden or absent."""
    reachable = Channel.objects.reachable_by(viewer).select_related("owner", "category")
    slug = slug_or_id.lower()
    ways = [Q(slug=slug), Q(old_slugs__slug=slug)]
    with suppress(ValueError):
        # First: nobody takes over a channel's id with an address that looks like it.
        ways.insert(0, Q(pk=uuid.UUID(slug_or_id)))
    channel = next((found for way in ways if (found := reachable.filter(way).first())), None)
    if channel is None:
        raise NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")
    return channel


def follows(user: Actor, channel: Channel) -> bool:
    """Whether this person follows the channel; nobody signed in follows nothing."""
    return user.is_authenticated and Follow.objects.filter(user=user, channel=channel).exists()
