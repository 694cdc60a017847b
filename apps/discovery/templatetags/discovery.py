"""The rail, for pages that have one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.timezone import localtime

from apps.channels.models import Channel
from apps.discovery.board import board, on_air_card
from apps.discovery.rails import rail_lists

register = template.Library()


@register.inclusion_tag("components/rail.html", takes_context=True)
def rail(context: template.Context, here: str = "") -> dict[str, Any]:
    """The rail; `here` is the slug of the channel whose page it stands beside. A page that has read the board
    or whom the reader follows (`board`, `followed`) lends them."""
    request = context["request"]
    now = context.get("board") or board()
    lists = rail_lists(request.user, now, context.get("followed"))
    return lists | {"here": here, "user": request.user, "is_open": request.COOKIES.get("rail", "")}


@register.inclusion_tag("components/on_air.html", takes_context=True)
def on_air(context: template.Context, channel: Channel) -> dict[str, Any]:
    """The channel's broadcast if it is on air, else that it is not."""
    return {"channel": channel, "card": on_air_card(channel, context.get("board") or board())}


@register.filter
def back(at: datetime) -> str:
    """When somebody is back, in the reader's zone: today 18:00, on Sunday 18:00, on 24 December."""
    then, now = localtime(at), localtime()
    days = (then.date() - now.date()).days
    if days == 0:
        return f"today {then:%H:%M}"
    return f"on {date_format(then, 'l')} {then:%H:%M}" if days < 7 else f"on {date_format(then, 'j F')}"


@register.filter
def ago(at: datetime) -> str:
    """How long ago that was, as one number: 3 days ago."""
    return f"{timesince(at, depth=1)} ago"
