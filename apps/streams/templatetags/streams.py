"""Pieces of pages that show who is live."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.db.models import Exists, OuterRef

from apps.channels.models import Channel, Follow
from apps.streams.models import Broadcast

register = template.Library()

IN_RAIL = 12


@register.simple_tag
def grant_seconds() -> int:
    """How long a playback grant of this page lives, so that its player renews in time."""
    return settings.PLAYBACK_GRANT_SECONDS


@register.inclusion_tag("components/rail.html", takes_context=True)
def rail(context: template.Context, here: str = "") -> dict[str, Any]:
    """The channels on air at the side of a page, those that the reader follows first."""
    user = context["request"].user
    on_air = Broadcast.objects.on_air().listed().with_channel()
    if not user.is_authenticated:
        return {"followed": [], "others": on_air.order_by("-viewer_count", "-id")[:IN_RAIL], "here": here}
    follows = Follow.objects.filter(user=user, channel=OuterRef("channel"))
    marked = on_air.annotate(is_followed=Exists(follows)).order_by("-is_followed", "-viewer_count", "-id")
    rows = list(marked[:IN_RAIL])
    followed = [row for row in rows if row.is_followed]
    return {"followed": followed, "others": rows[len(followed) :], "here": here}


@register.inclusion_tag("components/on_air.html")
def on_air(channel: Channel) -> dict[str, Any]:
    """The channel's broadcast if it is on air, else that it is not."""
    broadcast = Broadcast.objects.on_air().filter(channel=channel).with_channel().first()
    return {"channel": channel, "broadcast": broadcast}
