"""Raids: a channel's viewers are taken to another one; and who may send some."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.channels.models import Channel
from apps.core.ids import uuid7


class RaidQuerySet(models.QuerySet["Raid"]):
    def counting(self) -> Self:
        """Those whose countdown runs."""
        return self.filter(state=Raid.State.COUNTING)

    def with_names(self) -> Self:
        """With the rows that pages, frames and the API name."""
        return self.select_related("source__owner", "target__owner", "begun_by")


class Raid(models.Model):
    """One raid, from its countdown to its arrival. What is due is read from here, so it outlives a crash."""

    class State(models.TextChoices):
        COUNTING = "counting", "Counting down"
        GONE = "gone", "Gone"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "The other channel was not to be raided any more"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="raids_sent")
    target = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="raids_received")
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.COUNTING)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    # How many watched the source when it went: counted by us, told by nobody.
    viewers = models.PositiveIntegerField(null=True, blank=True)

    objects = RaidQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(state="counting"), name="engagement_one_raid_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="counting"), name="engagement_raids_due")
        ]

    def __str__(self) -> str:
        return f"{self.source_id} raids {self.target_id} ({self.state})"


class RaidSettings(models.Model):
    """Whose raids a channel takes; without a row, everybody's."""

    class Accepts(models.TextChoices):
        ANYONE = "anyone", "Any channel"
        KNOWN = "known", "Channels that I follow, and those of my team"
        NOBODY = "nobody", "No channel"

    channel = models.OneToOneField(
        Channel, primary_key=True, on_delete=models.CASCADE, related_name="raid_settings"
    )
    accepts = models.CharField(max_length=10, choices=Accepts, default=Accepts.ANYONE)

    def __str__(self) -> str:
        return f"{self.channel_id} takes raids of {self.accepts}"


class RaidBlock(models.Model):
    """A channel whose raids are not taken, whatever the settings say."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="raid_blocks")
    blocked = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "blocked"], name="engagement_block_raids_once")
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} takes no raid of {self.blocked_id}"
