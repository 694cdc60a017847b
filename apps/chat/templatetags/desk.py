"""What the room adds to the moderators' desk."""

from __future__ import annotations

from typing import Any

from django import template

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat.models import HeldMessage, Message
from apps.chat.review import held_in
from apps.moderation.models import Report, UnbanRequest
from apps.moderation.titles import rule_title

register = template.Library()

HELD_SHOWN = 50
SAID_SHOWN = 20


@register.inclusion_tag("moderation/_tabs.html", takes_context=True)
def desk_tabs(context: template.Context, channel: Channel, here: str) -> dict[str, Any]:
    """The pages of the desk, and how much waits for a decision."""
    viewer = context["request"].user
    reports = Report.objects.open().shown_to(viewer).filter(channel=channel)
    pleas = UnbanRequest.objects.waiting().shown_to(viewer).filter(sanction__channel=channel)
    held = HeldMessage.objects.open().filter(room=channel.pk)
    kinds = [rows.order_by().values("pk") for rows in (held, reports, pleas)]
    return {"channel": channel, "here": here, "waiting": kinds[0].union(*kinds[1:], all=True).count()}


@register.inclusion_tag("moderation/_held.html", takes_context=True)
def held_messages(context: template.Context, channel: Channel) -> dict[str, Any]:
    """The messages that wait for a moderator, the oldest first."""
    held = list(held_in([channel.pk]).open()[:HELD_SHOWN])
    return {"channel": channel, "held": held, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("moderation/_said.html")
def said_by(channel: Channel, person: User) -> dict[str, Any]:
    """What the person said here last, also what was removed."""
    said = Message.objects.of_room(channel.pk).filter(user=person).order_by("-seq")[:SAID_SHOWN]
    return {"messages": said}


@register.inclusion_tag("moderation/_matched.html")
def matched(content: str, start: int, end: int) -> dict[str, str]:
    """A message with what a rule found in it marked; the whole of it is not."""
    if (start, end) == (0, len(content)):
        return {"before": content, "found": "", "after": ""}
    return {"before": content[:start], "found": content[start:end], "after": content[end:]}


register.filter("rule_title", rule_title)
