"""Roles and powers: the one table that says who may do what in a channel."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class Role(TextChoices):
    OWNER = "owner", "Owner"
    EDITOR = "editor", "Editor"
    MODERATOR = "moderator", "Moderator"
    VIP = "vip", "VIP"


class Power(StrEnum):
    DELETE_CHANNEL = "delete_channel"
    EDIT_CHANNEL = "edit_channel"
    USE_KEY = "use_key"
    GO_LIVE = "go_live"
    EDIT_BROADCAST = "edit_broadcast"
    END_BROADCAST = "end_broadcast"
    VIEW_DASHBOARD = "view_dashboard"
    DELETE_MESSAGE = "delete_message"


POWERS: dict[Role, frozenset[Power]] = {
    Role.OWNER: frozenset(Power),
    Role.EDITOR: frozenset(
        {Power.EDIT_CHANNEL, Power.GO_LIVE, Power.EDIT_BROADCAST, Power.END_BROADCAST, Power.VIEW_DASHBOARD}
    ),
    Role.MODERATOR: frozenset({Power.DELETE_MESSAGE}),
    Role.VIP: frozenset(),
}
