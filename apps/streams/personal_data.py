"""What streams keep of a person, as tables of their archive. Stream keys are shown on the dashboard only."""

from __future__ import annotations

from collections.abc import Iterator

from apps.accounts.archive import Part, Row, rows_of
from apps.accounts.models import User

from .models import Broadcast, IngestRefusal, Rehearsal, Show, SimulcastTarget

BROADCAST = (
    "id", "title", "description", "tags", "language", "status", "created_at", "started_at", "ended_at",
    "peak_viewers", "unique_viewers",
)  # fmt: skip


def _broadcasts(user: User) -> Iterator[Row]:
    broadcasts = Broadcast.objects.filter(channel__owner=user).order_by("id")
    return rows_of(broadcasts, *BROADCAST, channel="channel__slug", category="category__slug")


def _shows(user: User) -> Iterator[Row]:
    shows = Show.objects.filter(channel__owner=user).order_by("id")
    return rows_of(
        shows, "name", "title_pattern", "next_number", "description", "tags", "chat_modes", "announcement",
        "created_at", "archived_at", channel="channel__slug",
    )  # fmt: skip


def _targets(user: User) -> Iterator[Row]:
    targets = SimulcastTarget.objects.filter(channel__owner=user).order_by("id")
    return rows_of(targets, "name", "url", "is_on", "created_at", channel="channel__slug")


def _rehearsals(user: User) -> Iterator[Row]:
    rehearsals = Rehearsal.objects.filter(channel__owner=user).order_by("began_at")
    return rows_of(rehearsals, "began_at", "ended_at", "verdict", channel="channel__slug")


def _refusals(user: User) -> Iterator[Row]:
    refusals = IngestRefusal.objects.filter(channel__owner=user).order_by("-id")
    return rows_of(refusals, "refused_at", "code", "message", "address", channel="channel__slug")


PARTS = (
    Part("broadcasts", "Your broadcasts", _broadcasts),
    Part("shows", "Your shows", _shows),
    Part("simulcast_targets", "Where your streams are forwarded to", _targets),
    Part("rehearsals", "The last private test of each channel's encoder", _rehearsals),
    Part("refused_encoders", "Encoders that your channels turned away", _refusals),
)
