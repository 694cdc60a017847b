"""The way between a channel's pages for its crew."""

from __future__ import annotations

from typing import Any

from django import template

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power

register = template.Library()

# (its name in `here`, the power that opens it, its address, what it is called)
PAGES = (
    ("stream", Power.VIEW_DASHBOARD, "streams:manager", "Stream"),
    ("shows", Power.EDIT_SHOWS, "streams:shows", "Shows"),
    ("simulcast", Power.SIMULCAST, "streams:simulcast", "Simulcast"),
    ("raids", Power.RAID, "engagement:raids", "Raids"),
    ("moderation", Power.VIEW_MODERATION, "moderation:desk", "Moderation"),
    ("chat", Power.EDIT_CHAT_MODES, "chat:modes", "Chat"),
    ("schedule", Power.EDIT_SCHEDULE, "channels:schedule", "Schedule"),
    ("settings", Power.EDIT_CHANNEL, "channels:settings", "Settings"),
    ("team", Power.GIVE_VIP, "channels:team", "Team"),
)


@register.inclusion_tag("components/channel_tabs.html", takes_context=True)
def channel_tabs(context: template.Context, channel: Channel, here: str) -> dict[str, Any]:
    """Those of the channel's pages that the person may open; nothing for who may open one alone."""
    powers = policies.powers_of(context["request"].user, channel)
    pages = [(name, address, words) for name, power, address, words in PAGES if power in powers]
    return {"channel": channel, "here": here, "pages": pages if len(pages) > 1 else []}
