"""What moderation tells the world, after the commit."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonSanctioned:
    """A ban or time-out stands on the person now, new or again."""

    channel_id: uuid.UUID
    user_id: uuid.UUID
    sanction_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class SanctionLifted:
    """No ban or time-out stands on the person any more."""

    channel_id: uuid.UUID
    user_id: uuid.UUID
    sanction_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class WarningGiven:
    channel_id: uuid.UUID
    user_id: uuid.UUID
    sanction_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class WarningAcknowledged:
    """The person may write again: they have read the warning, or it was taken back."""

    channel_id: uuid.UUID
    user_id: uuid.UUID
    sanction_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class UnbanRequested:
    channel_id: uuid.UUID
    user_id: uuid.UUID
    request_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class UnbanAnswered:
    channel_id: uuid.UUID
    user_id: uuid.UUID
    request_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class NoteWritten:
    """The notes on a person have changed."""

    channel_id: uuid.UUID
    user_id: uuid.UUID
    note_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ReportMade:
    channel_id: uuid.UUID
    report_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ReportAnswered:
    channel_id: uuid.UUID
    report_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ReportHeeded:
    """Staff have suspended what the report was about: its reporter is to be told."""

    report_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class RulesChanged:
    channel_id: uuid.UUID
