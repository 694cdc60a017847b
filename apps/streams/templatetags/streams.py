"""Pieces of pages that show a broadcast."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings

from apps.channels.models import Channel

register = template.Library()


@register.simple_tag
def grant_seconds() -> int:
    """How long a playback grant of this page lives, so that its player renews in time."""
    return settings.PLAYBACK_GRANT_SECONDS


@register.inclusion_tag("components/on_air.html")
def on_air(channel: Channel) -> dict[str, Any]:
    """The channel's broadcast if it is on air, else that it is not."""
    broadcast = None
    if channel.is_live:
        broadcast = channel.broadcasts.on_air().select_related("category").first()
    return {"channel": channel, "broadcast": broadcast}
