"""The log of powerful deeds: appended inside the deed's own transaction, never changed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import models

from .events import publish
from .models import AuditEntry


@dataclass(frozen=True, slots=True)
class DeedRecorded:
    """A fact: the log has one entry more."""

    entry_id: uuid.UUID
    action: str
    channel_id: uuid.UUID | None


def record(
    *, actor: Any, action: str, subject: models.Model, channel_id: uuid.UUID | None = None, **details: Any
) -> AuditEntry:
    """Append one entry. `action` is `noun.verb`; `details` must be JSON and hold no secret."""
    entry = AuditEntry.objects.create(
        actor_id=getattr(actor, "pk", None),
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        channel_id=channel_id,
        details=details,
    )
    publish(DeedRecorded(entry.pk, action, channel_id))
    return entry
