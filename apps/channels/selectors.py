"""Finding channels by what people and programs know of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db.models import Q

from apps.core.errors import NotFound

from .models import Channel, Follow

if TYPE_CHECKING:
    from apps.accounts.models import Actor


def find_channel(*, viewer: Actor, slug_or_id: str) -> Channel:
    """The channel with this address or id, or that once had this address. NotFound when hidden or absent."""
    reachable = Channel.objects.reachable_by(viewer).select_related("owner", "category")
    try:
        match = Q(pk=uuid.UUID(slug_or_id))
    except ValueError:
        match = Q(slug=slug_or_id.lower())
    channel = reachable.filter(match).first() or reachable.filter(old_slugs__slug=slug_or_id.lower()).first()
    if channel is None:
        raise NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")
    return channel


def follows(user: Actor, channel: Channel) -> bool:
    """Whether this person follows the channel; nobody signed in follows nothing."""
    return user.is_authenticated and Follow.objects.filter(user=user, channel=channel).exists()
