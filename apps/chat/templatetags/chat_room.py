"""The chat beside a picture, as it stands when the page is rendered; the socket goes on from there."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser

from apps.accounts import tickets
from apps.accounts.models import Actor, Block
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat.glances import glance_at
from apps.chat.models import Dock
from apps.moderation.models import Report

register = template.Library()


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
    glance = glance_at(channel.pk)
    return {
        "channel": channel,
        "user": user,
        "request": context["request"],
        "lines": glance.lines(
            reads_struck=glance.has_struck and policies.may(user, Power.VIEW_MODERATION, channel),
            blocked=Block.objects.people(user.pk) if user.is_authenticated and glance.messages else (),
        ),
        "drawn_at": glance.at,
        "settings": glance.settings,
        "last_seq": glance.last_seq or "",
        "report_reasons": Report.Reason.choices,
    }
