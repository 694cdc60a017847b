"""What a person sees of moderation on a channel's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.dateparse import parse_datetime

from apps.channels.models import Channel
from apps.moderation import selectors

register = template.Library()


@register.inclusion_tag("moderation/_standing.html", takes_context=True)
def standing_notice(context: template.Context, channel: Channel) -> dict[str, Any]:
    """What keeps the reader from writing in the channel, and the way out; nothing for everybody else."""
    request = context["request"]
    standing = None
    if request.user.is_authenticated:
        standing = selectors.standing_of([request.user.pk], channel).get(request.user.pk)
    return {
        "channel": channel,
        "standing": standing,
        "request": request,
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def moment(text: str) -> datetime | None:
    """A time as the API writes it, so that a page can show it in the reader's zone."""
    return parse_datetime(text)
