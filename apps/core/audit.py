"""The log of powerful deeds: appended inside the deed's own transaction, never changed."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from .models import AuditEntry


def record(
    *, actor: Any, action: str, subject: models.Model, channel_id: uuid.UUID | None = None, **details: Any
) -> AuditEntry:
    """Append one entry. `action` is `noun.verb`; `details` must be JSON and hold no secret."""
    return AuditEntry.objects.create(
        actor_id=getattr(actor, "pk", None),
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        channel_id=channel_id,
        details=details,
    )
