"""The raid beside a picture or a chat, as it stands when the page is made; the socket goes on from there."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from django import template

from apps.channels.models import Channel
from apps.engagement import services
from apps.engagement.models import Raid
from apps.engagement.payloads import address_of

register = template.Library()


@register.inclusion_tag("components/raid.html", takes_context=True)
def raid_banner(context: template.Context, channel: Channel, *, goes: bool = False) -> dict[str, Any]:
    """Where the channel's viewers go, hidden while they go nowhere. `goes`: the page itself goes along; any
    other shows a link."""
    raid = services.raid_of(channel)
    came = _came(context["request"].GET.get("raid", ""), channel) if goes else None
    return {
        "channel": channel,
        "raid": raid,
        "url": address_of(raid) if raid else "",
        "goes": goes,
        "came": came,
    }


def _came(raid_id: str, channel: Channel) -> Raid | None:
    """The raid that brought this viewer, if there is such a one."""
    with suppress(ValueError):
        went = Raid.objects.with_names().filter(state=Raid.State.GONE, target=channel)
        return went.filter(pk=uuid.UUID(raid_id)).first()
    return None
