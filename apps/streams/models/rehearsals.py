"""Private tests of an encoder."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

from apps.channels.models import Channel
from apps.core.ids import uuid7


class Rehearsal(models.Model):
    """The channel's last private test of its encoder. Only its crew sees the picture; what is kept is the
    verdict."""

    # The longest that one may last, and after how long without a report its node is gone.
    MOST = timedelta(minutes=30)
    NODE_SILENT = timedelta(seconds=10)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="rehearsal")
    began_at = models.DateTimeField(auto_now_add=True)
    playable_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    # As a broadcast's.
    publisher_session = models.CharField(max_length=64, blank=True)
    node = models.CharField(max_length=64, blank=True)
    media_base = models.CharField(max_length=200, blank=True)
    media_at = models.DateTimeField()

    verdict = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"Rehearsal of {self.channel_id} from {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def is_over(self) -> bool:
        now = timezone.now()
        return (
            self.ended_at is not None
            or self.media_at < now - self.NODE_SILENT
            or self.began_at < now - self.MOST
        )

    @property
    def state(self) -> str:
        """connecting, running (its picture can be played) or over."""
        if self.is_over:
            return "over"
        return "running" if self.playable_at is not None else "connecting"
