"""Shows: what comes again every week, set up once."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.db import models

from apps.channels.models import Category, Channel
from apps.core.ids import uuid7

from .simulcast import SimulcastTarget

# What stands in braces in a title pattern. The longest of each is what a title needs room for.
NUMBER, DATE = "{n}", "{date}"
NUMBER_MOST = 999_999
ANNOUNCEMENT_MOST = 500


class ShowQuerySet(models.QuerySet["Show"]):
    def current(self) -> Self:
        """Those that can be put on."""
        return self.filter(archived_at__isnull=True)

    def with_details(self) -> Self:
        """With the rows that pages and the API name."""
        return self.select_related("channel__owner", "category").prefetch_related("targets")


class Show(models.Model):
    """A template for broadcasts, with a stream key of its own: who publishes with that sets all of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="shows")
    name = models.CharField(max_length=60)
    title_pattern = models.CharField(max_length=140)
    # What {n} stands for in the next broadcast.
    next_number = models.PositiveIntegerField(default=1)
    description = models.TextField(max_length=2000, blank=True)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT)
    tags = models.JSONField(default=list, blank=True)
    # The chat's modes that it sets, by the names that the chat's verb takes; those it does not name stay.
    chat_modes = models.JSONField(default=dict, blank=True)
    announcement = models.CharField(max_length=ANNOUNCEMENT_MOST, blank=True)
    # Whether it says which targets are on; without it they stay as they are.
    sets_targets = models.BooleanField(default=False)
    targets = models.ManyToManyField(SimulcastTarget, blank=True, related_name="shows")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ShowQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(next_number__gte=1), name="streams_shows_count_from_one"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.channel_id}"

    def title(self, number: int, day: date) -> str:
        """The pattern with {n} and {date} filled in; a day is written 2026-02-07."""
        return self.title_pattern.replace(NUMBER, str(number)).replace(DATE, day.isoformat())
