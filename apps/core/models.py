"""The kernel's tables: the audit log, and letters on their way."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

from .ids import uuid7


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Entries are appended and read. The database refuses the rest, too (migration 0003)."""

    def update(self, **kwargs: Any) -> int:
        raise TypeError("An audit entry is never changed.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise TypeError("An audit entry is never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit entry is never deleted.")


UNDONE = "moderation.undo"


class AuditEntry(models.Model):
    """Who did what to which thing, when. Ids are plain so that an entry outlives what it speaks of.

    An entry that was undone stays as it is: a later one says so, its action UNDONE and its subject the first.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    actor_id = models.UUIDField(null=True)
    action = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=64)
    channel_id = models.UUIDField(null=True)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["channel_id", "-id"], name="core_audit_channel"),
            models.Index(fields=["subject_type", "subject_id"], name="core_audit_subject"),
            models.Index(fields=["actor_id", "-id"], name="core_audit_actor"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id"], condition=models.Q(action=UNDONE), name="core_undone_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An audit entry is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit entry is never deleted.")


class OutgoingLetterQuerySet(models.QuerySet["OutgoingLetter"]):
    def due(self, now: datetime) -> Self:
        """Those that nobody has in hand, and whose next try need not wait."""
        return self.filter(Q(held_until__isnull=True) | Q(held_until__lte=now))


class OutgoingLetter(models.Model):
    """A letter that has to be posted, written along with the deed that it tells of; the row goes when it is
    posted. What it says is `sealed` (`letters.Letter.seal`): a link in it may open an account.

    Who posts it holds it until `held_until`. It is nobody's again then, in case they were killed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    to = models.EmailField()
    template = models.CharField(max_length=40)
    sealed = models.TextField()
    written_at = models.DateTimeField(auto_now_add=True)
    held_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = OutgoingLetterQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.template} from {self.written_at:%Y-%m-%d %H:%M}"
