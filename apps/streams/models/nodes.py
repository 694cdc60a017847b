"""The machines that have the picture."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone


class Node(models.Model):
    """An ingest node, as it last said of itself. Broadcasts and rehearsals name the one they run on."""

    # How often it says something, and after how long without a word it is gone.
    BEAT = timedelta(seconds=5)
    SILENT = timedelta(seconds=15)

    name = models.CharField(max_length=64, primary_key=True)
    # Where edges reach it, and what browsers' addresses for it begin with ("" for the origin of the pages).
    url = models.CharField(max_length=200)
    media_base = models.CharField(max_length=200, blank=True)
    streams = models.PositiveIntegerField(default=0)
    viewers = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_up(self) -> bool:
        return self.seen_at > timezone.now() - self.SILENT
