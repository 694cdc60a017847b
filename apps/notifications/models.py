"""What followers are told by letter: each thing once, and to whom it still has to be posted."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.channels.models import Channel, Follow, ScheduledBroadcast
from apps.core.ids import uuid7
from apps.streams.models import Broadcast


class Mailing(models.Model):
    """One thing that a channel's followers are told: a broadcast has begun, or a planned one is about to.

    Its list of letters is written out page by page, in the order of the follows: `listed_up_to` is the last
    follow that has been looked at.
    """

    class State(models.TextChoices):
        LISTING = "listing", "Its letters are being written out"
        LISTED = "listed", "All of its letters are written out"
        WITHHELD = "withheld", "Nobody is told"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="mailings")
    broadcast = models.OneToOneField(
        Broadcast, null=True, blank=True, on_delete=models.CASCADE, related_name="mailing"
    )
    scheduled = models.ForeignKey(ScheduledBroadcast, null=True, blank=True, on_delete=models.CASCADE)
    on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.LISTING)
    listed_up_to = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["scheduled", "on"], name="notifications_one_reminder_a_day"),
            models.CheckConstraint(
                condition=Q(broadcast__isnull=False, scheduled__isnull=True, on__isnull=True)
                | Q(broadcast__isnull=True, scheduled__isnull=False, on__isnull=False),
                name="notifications_tells_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.broadcast_id or self.scheduled_id} ({self.state})"

    @property
    def bells(self) -> list[str]:
        """The bells that this rings."""
        everything = [Follow.Bell.ALL.value]
        return everything if self.scheduled_id else [*everything, Follow.Bell.LIVE.value]


class LetterQuerySet(models.QuerySet["Letter"]):
    def due(self, now: datetime) -> Self:
        """Those that nobody has in hand."""
        return self.filter(Q(held_until__isnull=True) | Q(held_until__lte=now))


class Letter(models.Model):
    """A letter that has to be posted; the row goes with it.

    Who posts it holds it until `held_until`. It is nobody's again then, in case they were killed.
    """

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="letters", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    held_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = LetterQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "user"], name="notifications_letter_once")]

    def __str__(self) -> str:
        return f"to {self.user_id}"
