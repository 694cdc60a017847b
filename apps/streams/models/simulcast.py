"""Where a stream is forwarded to."""

from __future__ import annotations

from django.db import models

from apps.channels.models import Channel
from apps.core.ids import uuid7


class SimulcastTarget(models.Model):
    """Another platform that the channel's stream is forwarded to. Its key is shown to nobody again.

    `revision` counts changes and switches: forwarding of another revision is begun anew.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="simulcast_targets")
    name = models.CharField(max_length=40)
    url = models.CharField(max_length=255)
    key_encrypted = models.TextField()
    key_ending = models.CharField(max_length=4, blank=True)
    is_on = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name} of {self.channel_id}"
