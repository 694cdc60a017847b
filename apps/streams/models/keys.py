"""The keys that open a broadcast, and who was turned away with one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.channels.models import Channel

from .shows import Show


class StreamKey(models.Model):
    """What an encoder proves itself with. Found by its HMAC, shown to its owner by decrypting.

    A rotated key keeps its hash, so that the dashboard can say that an encoder still uses the old one.
    """

    class Kind(models.TextChoices):
        """MAIN goes live, SHOW does as one of the channel's shows, BACKUP stands by for either; REHEARSAL
        publishes for the channel's crew alone."""

        MAIN = "main", "Stream key"
        BACKUP = "backup", "Backup key"
        REHEARSAL = "rehearsal", "Test key"
        SHOW = "show", "Show's key"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="stream_keys")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MAIN)
    show = models.ForeignKey(Show, null=True, blank=True, on_delete=models.SET_NULL, related_name="keys")
    key_hash = models.CharField(max_length=64, unique=True)
    key_encrypted = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    # Its encoder was cut by the end of the broadcast, and is refused until it has kept quiet for a while.
    quiet_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "kind"],
                condition=Q(retired_at__isnull=True, show__isnull=True),
                name="streams_one_key_in_use",
            ),
            models.UniqueConstraint(
                fields=["show"], condition=Q(retired_at__isnull=True), name="streams_one_key_a_show"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.channel_id} from {self.created_at:%Y-%m-%d}"


class IngestRefusal(models.Model):
    """An encoder that was turned away, for the creator to see why."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="refusals")
    code = models.CharField(max_length=40)
    message = models.CharField(max_length=300)
    address = models.CharField(max_length=64, blank=True)
    refused_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["channel", "-id"], name="streams_refusals")]

    def __str__(self) -> str:
        return f"{self.code} at {self.refused_at:%Y-%m-%d %H:%M}"
