"""Doors at hosted providers."""

from __future__ import annotations

from django.db import models

from apps.channels.models import Channel


class LiveInput(models.Model):
    """A channel's door at a hosted provider: where its encoder publishes while the site uses that provider.

    `is_open` is what we want, `is_open_there` what the provider was told; a sweeper makes them agree. One
    that lost its channel is deleted there, too. `heard_at` and `heard_id` are of the latest event.
    """

    channel = models.ForeignKey(Channel, null=True, on_delete=models.SET_NULL, related_name="live_inputs")
    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=100)
    playback_id = models.CharField(max_length=100)
    ingest_url = models.CharField(max_length=200)
    key_encrypted = models.TextField()
    is_open = models.BooleanField(default=True)
    is_open_there = models.BooleanField(default=True)
    heard_at = models.DateTimeField(null=True, blank=True)
    heard_id = models.CharField(max_length=250, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="streams_one_row_an_input"),
            models.UniqueConstraint(fields=["channel", "provider"], name="streams_one_input_a_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} input of {self.channel_id}"

    @property
    def session_id(self) -> str:
        """What owns a broadcast that comes through it."""
        return f"input-{self.pk}"
