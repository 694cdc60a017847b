"""Roles and powers: the one table that says who may do what in a channel."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class Role(TextChoices):
    OWNER = "owner", "Owner"
    EDITOR = "editor", "Editor"
    MODERATOR = "moderator", "Moderator"
    VIP = "vip", "VIP"


# What a role means, as an invitation tells it.
DUTIES: dict[Role, str] = {
    Role.OWNER: "decides everything",
    Role.EDITOR: "goes live, edits the channel and its broadcasts, chooses VIPs",
    Role.MODERATOR: "keeps the chat civil, with time-outs, bans and automatic rules",
    Role.VIP: "writes without slow mode and automatic rules",
}


class Power(StrEnum):
    DELETE_CHANNEL = "delete_channel"
    EDIT_CHANNEL = "edit_channel"
    EDIT_SCHEDULE = "edit_schedule"
    USE_KEY = "use_key"
    SIMULCAST = "simulcast"
    GO_LIVE = "go_live"
    EDIT_BROADCAST = "edit_broadcast"
    END_BROADCAST = "end_broadcast"
    EDIT_SHOWS = "edit_shows"
    VIEW_DASHBOARD = "view_dashboard"
    READ_FOLLOWERS = "read_followers"
    MANAGE_TEAM = "manage_team"
    GIVE_VIP = "give_vip"

    SPEAK_FREELY = "speak_freely"
    PIN_MESSAGE = "pin_message"
    ANNOUNCE = "announce"
    EDIT_CHAT_MODES = "edit_chat_modes"
    RAID = "raid"

    VIEW_MODERATION = "view_moderation"
    DELETE_MESSAGE = "delete_message"
    CLEAR_CHAT = "clear_chat"
    TIME_OUT = "time_out"
    BAN = "ban"
    WARN = "warn"
    ANSWER_UNBANS = "answer_unbans"
    REVIEW_HELD = "review_held"
    REVIEW_REPORTS = "review_reports"
    WRITE_NOTES = "write_notes"
    EDIT_AUTOMOD = "edit_automod"
    USE_SHIELD = "use_shield"
    UNDO_MODERATION = "undo_moderation"


_CREATING = {
    Power.EDIT_CHANNEL,
    Power.EDIT_SCHEDULE,
    Power.GO_LIVE,
    Power.EDIT_BROADCAST,
    Power.END_BROADCAST,
    Power.EDIT_SHOWS,
    Power.VIEW_DASHBOARD,
    Power.GIVE_VIP,
}
_HOSTING = {
    Power.READ_FOLLOWERS,
    Power.SPEAK_FREELY,
    Power.PIN_MESSAGE,
    Power.ANNOUNCE,
    Power.EDIT_CHAT_MODES,
    Power.RAID,
}
_MODERATING = {
    Power.VIEW_MODERATION,
    Power.DELETE_MESSAGE,
    Power.CLEAR_CHAT,
    Power.TIME_OUT,
    Power.BAN,
    Power.WARN,
    Power.ANSWER_UNBANS,
    Power.REVIEW_HELD,
    Power.REVIEW_REPORTS,
    Power.WRITE_NOTES,
    Power.EDIT_AUTOMOD,
    Power.USE_SHIELD,
    Power.UNDO_MODERATION,
}

POWERS: dict[Role, frozenset[Power]] = {
    Role.OWNER: frozenset(Power),
    Role.EDITOR: frozenset(_CREATING | _HOSTING),
    Role.MODERATOR: frozenset(_MODERATING | _HOSTING),
    # SPEAK_FREELY: no mode and no automatic rule stands in the way of what they write.
    Role.VIP: frozenset({Power.SPEAK_FREELY}),
}

_RANKS: dict[Role | None, int] = {None: 0, Role.VIP: 1, Role.MODERATOR: 2, Role.EDITOR: 2, Role.OWNER: 3}


def rank(role: Role | None) -> int:
    """How high a role stands: powers over a person reach only those who stand lower."""
    return _RANKS[role]


def power_to_give(role: Role) -> Power:
    """What it takes to give this role to somebody, or to take it from them."""
    return Power.GIVE_VIP if role is Role.VIP else Power.MANAGE_TEAM
