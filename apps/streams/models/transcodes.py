"""Who makes renditions of which broadcast."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from .broadcasts import Broadcast


class Transcode(models.Model):
    """Who makes a broadcast's renditions, or why nobody does. A worker that was silent for LEASE has lost it;
    one that says why not never had it."""

    LEASE = timedelta(seconds=10)

    broadcast = models.OneToOneField(
        Broadcast, on_delete=models.CASCADE, primary_key=True, related_name="transcode"
    )
    worker = models.CharField(max_length=64, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"Renditions of {self.broadcast_id}"
