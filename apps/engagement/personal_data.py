"""What engagement keeps of a person, as tables of their archive."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from apps.accounts.archive import Part, Row, rows_of
from apps.accounts.models import User

from .models import Raid, RaidBlock, RaidSettings


def _raids(user: User) -> Iterator[Row]:
    theirs = Q(begun_by=user) | Q(source__owner=user) | Q(target__owner=user)
    return rows_of(
        Raid.objects.filter(theirs).order_by("-id"), "state", "created_at", "settled_at", "viewers",
        begun_by="begun_by__username", source="source__slug", target="target__slug",
    )  # fmt: skip


def _settings(user: User) -> Iterator[Row]:
    chosen = RaidSettings.objects.filter(channel__owner=user).order_by("pk")
    return rows_of(chosen, "accepts", channel="channel__slug")


def _blocks(user: User) -> Iterator[Row]:
    blocks = RaidBlock.objects.filter(channel__owner=user).order_by("-id")
    return rows_of(blocks, channel="channel__slug", blocked="blocked__slug", since="created_at")


PARTS = (
    Part("raids", "Raids that you began, and those from and to your channels", _raids),
    Part("raid_settings", "Whose raids your channels take", _settings),
    Part("raid_blocks", "Channels whose raids yours do not take", _blocks),
)
