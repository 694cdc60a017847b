"""The chat beside a picture, as it stands when the page is rendered; the socket goes on from there."""

from __future__ import annotations

from typing import Any

from django import template

from apps.accounts import tickets
from apps.channels.models import Channel
from apps.chat.models import Message

register = template.Library()

SHOWN = 50


@register.inclusion_tag("components/chat.html", takes_context=True)
def chat_room(context: template.Context, channel: Channel) -> dict[str, Any]:
    """The room of `channel` with its last messages and, for who is signed in, a ticket for the socket."""
    request = context["request"]
    latest = Message.objects.filter(room=channel.pk).select_related("user").order_by("-seq")[:SHOWN]
    history = list(latest)[::-1]
    return {
        "channel": channel,
        "user": request.user,
        "request": request,
        "ticket": tickets.issue(request.user) if request.user.is_authenticated else "",
        "history": history,
        "last_seq": history[-1].seq if history else "",
    }
