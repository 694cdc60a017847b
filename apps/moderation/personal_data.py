"""What moderation keeps of a person, as tables of their archive. What moderators note about somebody is
theirs, and who reported somebody stays untold."""

from __future__ import annotations

from collections.abc import Iterator

from apps.accounts.archive import Part, Row, rows_of
from apps.accounts.models import User

from .models import AutomodRule, PersonNote, Report, Sanction, UnbanRequest

SANCTION = ("kind", "reason", "created_at", "expires_at", "acknowledged_at", "lifted_at")


def _sanctions(user: User) -> Iterator[Row]:
    sanctions = Sanction.objects.filter(user=user).order_by("-id")
    return rows_of(sanctions, *SANCTION, channel="channel__slug")


def _pleas(user: User) -> Iterator[Row]:
    pleas = UnbanRequest.objects.filter(sanction__user=user).order_by("-id")
    return rows_of(
        pleas, "text", "state", "public_note", "created_at", "answered_at",
        channel="sanction__channel__slug",
    )  # fmt: skip


def _reports(user: User) -> Iterator[Row]:
    reports = Report.objects.filter(reporter=user).order_by("-id")
    return rows_of(
        reports, "kind", "reason", "words", "state", "answer", "created_at", "answered_at",
        channel="channel__slug",
    )  # fmt: skip


def _given(user: User) -> Iterator[Row]:
    given = Sanction.objects.filter(created_by=user).order_by("-id")
    return rows_of(given, *SANCTION, channel="channel__slug", person="user__username")


def _notes(user: User) -> Iterator[Row]:
    notes = PersonNote.objects.filter(author=user).order_by("-id")
    return rows_of(
        notes, "text", "created_at", "deleted_at", channel="channel__slug", person="user__username"
    )


def _rules(user: User) -> Iterator[Row]:
    rules = AutomodRule.objects.filter(channel__owner=user).order_by("channel", "kind", "label")
    return rows_of(
        rules, "kind", "label", "action", "timeout_seconds", "is_on", "settings", channel="channel__slug"
    )


PARTS = (
    Part("sanctions", "Bans, time-outs and warnings against you", _sanctions),
    Part("unban_requests", "Your requests to be unbanned", _pleas),
    Part("reports", "What you reported", _reports),
    Part("sanctions_given", "Bans, time-outs and warnings that you gave", _given),
    Part("notes_written", "Notes that you wrote as a moderator", _notes),
    Part("automatic_rules", "Automatic rules of your channels", _rules),
)
