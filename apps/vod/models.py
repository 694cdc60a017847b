"""What remains of a broadcast: its recording."""

from __future__ import annotations

from django.db import models

from apps.core.ids import uuid7
from apps.streams.models import Broadcast


class Recording(models.Model):
    """The segments of one broadcast, written while it ran; the playlist closes it.

    The files lie in the `recordings` storage under `path`; their names hold all that the playlist says.
    """

    class Status(models.TextChoices):
        PROCESSING = "PROCESSING", "Being written"
        READY = "READY", "Ready"
        FAILED = "FAILED", "Nothing was recorded"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    broadcast = models.OneToOneField(Broadcast, on_delete=models.CASCADE, related_name="recording")
    path = models.CharField(max_length=200)
    # The hosted provider that has it instead, and what it plays it by.
    provider = models.CharField(max_length=20, blank=True)
    playback_id = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PROCESSING)
    duration_ms = models.PositiveBigIntegerField(default=0)
    segments = models.PositiveIntegerField(default=0)
    size_bytes = models.PositiveBigIntegerField(default=0)
    # Where it has no picture, when it is READY: `[wall_ms, duration_ms, position_ms]` of each gap.
    gaps = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Recording of {self.broadcast_id} ({self.status})"
