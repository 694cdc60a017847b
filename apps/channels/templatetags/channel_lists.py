"""Pieces of pages that show a person's channels."""

from __future__ import annotations

from typing import Any

from django import template

from apps.accounts.profiles import Profile
from apps.channels.models import Channel

register = template.Library()


@register.inclusion_tag("components/channels_of.html")
def channels_of(profile: Profile) -> dict[str, Any]:
    """The person's listed channels, those on air first; unlisted ones show to their owner."""
    channels = Channel.objects.standing() if profile.is_own else Channel.objects.listed()
    owned = channels.filter(owner=profile.person).select_related("category")
    return {"profile": profile, "channels": owned.order_by("-is_live", "-follower_count", "-id")}


@register.inclusion_tag("components/live_of.html")
def live_of(profile: Profile) -> dict[str, Any]:
    """The listed channels of the person that are on air."""
    if not profile.is_open:
        return {"channels": []}
    return {"channels": Channel.objects.listed().filter(owner=profile.person, is_live=True)[:2]}
