"""What a channel plans: broadcasts on one day or every week, at the creator's own time of day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from apps.accounts.middleware import zone_named
from apps.core.ids import uuid7

from .channels import Category, Channel

ONCE, WEEKLY = "once", "weekly"
WEEK = timedelta(weeks=1)
LONGEST = timedelta(days=1)


class ScheduledBroadcastQuerySet(models.QuerySet["ScheduledBroadcast"]):
    def coming(self, now: datetime) -> Self:
        """Those that may not be over yet; `occurrences` tells exactly."""
        # Somewhere it is still the day before, and a broadcast may go on past midnight.
        since = now.astimezone(UTC).date() - LONGEST - timedelta(days=1)
        return self.filter(Q(last_on__isnull=True) | Q(last_on__gte=since))


class ScheduledBroadcast(models.Model):
    """A broadcast that is planned for a day, or for the same day of every week.

    What is kept is the time on the creator's wall: 18:00 stays 18:00 when the clocks change. `last_on` is the
    last day, `first_on` itself for a single one, None for a weekly one without an end.
    """

    class Repeats(models.TextChoices):
        ONCE = ONCE, "Once"
        WEEKLY = WEEKLY, "Every week"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="schedule")
    title = models.CharField(max_length=140)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT)
    repeats = models.CharField(max_length=10, choices=Repeats, default=ONCE)
    first_on = models.DateField()
    last_on = models.DateField(null=True, blank=True)
    start_time = models.TimeField()
    time_zone = models.CharField(max_length=64)
    duration_minutes = models.PositiveSmallIntegerField()
    # When it begins the next time that nobody was reminded of; None when that will not happen.
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    # Days, as 2027-03-28, on which it does not take place. In the row: one query knows what comes next.
    cancelled_on = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = ScheduledBroadcastQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__isnull=True) | Q(last_on__gte=F("first_on")),
                name="channels_schedule_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(repeats=WEEKLY) | Q(last_on__isnull=False, last_on=F("first_on")),
                name="channels_schedule_once_is_one_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.repeats}, {self.first_on} {self.start_time:%H:%M} {self.time_zone})"

    @property
    def zone(self) -> ZoneInfo:
        return zone_named(self.time_zone)

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.duration_minutes)

    def takes_place_on(self, day: date) -> bool:
        """Whether one of its days, cancelled or not, is `day`."""
        return next(self.days(day), None) == day

    def days(self, since: date) -> Iterator[date]:
        """Its days from `since` on, in order, cancelled ones included; without end if it has none."""
        weeks = -(-max(since - self.first_on, timedelta()) // WEEK)
        day = self.first_on + weeks * WEEK
        while self.last_on is None or day <= self.last_on:
            yield day
            day += WEEK

    def next_occurrence(self, after: datetime) -> Occurrence | None:
        """The first that begins after that moment and is not cancelled."""
        days = (each for each in self.occurrences(after) if not each.is_cancelled)
        return next((each for each in days if each.starts_at > after), None)

    def occurrences(self, now: datetime) -> Iterator[Occurrence]:
        """Those that are not over at `now`, in order, those that are cancelled included."""
        today = now.astimezone(self.zone).date()
        for day in self.days(today - LONGEST):
            occurrence = Occurrence(self, day)
            if occurrence.ends_at > now:
                yield occurrence


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One day of a scheduled broadcast."""

    scheduled: ScheduledBroadcast
    on: date

    @property
    def starts_at(self) -> datetime:
        """In UTC. An hour that the clocks skip is read as before the change; of one that they repeat, the
        first counts (RFC 5545, section 3.3.5)."""
        local = datetime.combine(self.on, self.scheduled.start_time, tzinfo=self.scheduled.zone)
        return local.astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.scheduled.duration

    @property
    def local(self) -> datetime:
        """The same moment on the creator's clock."""
        return self.starts_at.astimezone(self.scheduled.zone)

    @property
    def is_cancelled(self) -> bool:
        return self.on.isoformat() in self.scheduled.cancelled_on
