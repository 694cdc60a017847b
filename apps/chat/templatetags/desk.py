"""What the room adds to the moderators' desk."""

from __future__ import annotations

from typing import Any

from django import template

from apps.channels.models import Channel
from apps.moderation.models import Report, UnbanRequest

register = template.Library()


@register.inclusion_tag("moderation/_tabs.html")
def desk_tabs(channel: Channel, here: str) -> dict[str, Any]:
    """The pages of the desk, and how much waits for a decision."""
    reports = Report.objects.open().for_moderators().filter(channel=channel).count()
    pleas = UnbanRequest.objects.filter(sanction__channel=channel, state=UnbanRequest.State.OPEN).count()
    return {"channel": channel, "here": here, "waiting": reports + pleas}
