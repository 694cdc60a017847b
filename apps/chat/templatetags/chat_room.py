"""The chat beside a picture, as it stands when the page is rendered; the socket goes on from there."""

from __future__ import annotations

from typing import Any

import orjson
from django import template
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.accounts import tickets
from apps.accounts.models import Actor, Block
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat import selectors
from apps.chat.models import Dock, Message
from apps.chat.payloads import settings_payload
from apps.moderation.models import Report

register = template.Library()

SHOWN = 50


@register.inclusion_tag("components/chat.html", takes_context=True)
def chat_room(context: template.Context, channel: Channel, *, is_alone: bool = False) -> dict[str, Any]:
    """The room of `channel` with its last messages and, for who is signed in, a ticket for the socket.

    `is_alone`: the chat is the whole page, and who has it open does not watch.
    """
    user = context["request"].user
    return _room(context, channel, user) | {
        "may_write": user.is_authenticated,
        "ticket": tickets.for_page(context["request"]),
        "is_alone": is_alone,
    }


@register.inclusion_tag("components/chat.html", takes_context=True)
def dock_room(context: template.Context, dock: Dock) -> dict[str, Any]:
    """The room of a dock: it reads as anybody does, and its person's powers are in its menus."""
    powers = sorted(policies.powers_of(dock.user, dock.channel))
    room = _room(context, dock.channel, AnonymousUser()) | {"user": dock.user}
    return room | {"powers": powers, "is_dock": True, "is_alone": True}


def _room(context: template.Context, channel: Channel, user: Actor) -> dict[str, Any]:
    # What is removed from here on, the socket tells.
    drawn_at = timezone.now()
    history = _history(channel, user)
    room = selectors.room_of(channel)
    return {
        "channel": channel,
        "user": user,
        "request": context["request"],
        "history": history,
        "drawn_at": drawn_at,
        "settings": orjson.dumps(settings_payload(room, selectors.pinned_in(room))).decode(),
        "last_seq": history[-1].seq if history else "",
        "report_reasons": Report.Reason.choices,
    }


def _history(channel: Channel, viewer: Actor) -> list[Message]:
    """The last messages, oldest first; `is_blocked` are those of people whom the viewer blocks,
    `is_readable` those whose words they may read."""
    latest = Message.objects.of_room(channel.pk).with_user()
    if viewer.is_authenticated:
        blocks = Block.objects.filter(user=viewer, blocked=OuterRef("user"))
        latest = latest.annotate(is_blocked=Exists(blocks))
    shown = list(latest.order_by("-seq")[:SHOWN])[::-1]
    is_struck = any(message.is_struck for message in shown)
    reads_struck = is_struck and policies.may(viewer, Power.VIEW_MODERATION, channel)
    for message in shown:
        message.is_readable = message.deleted_at is None and (reads_struck or not message.is_struck)
    return shown
