"""Broadcasts: their states, and what was seen of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from apps.channels.models import Category, Channel
from apps.core.errors import Conflict
from apps.core.ids import uuid7

from .keys import StreamKey
from .shows import Show


class Status(models.TextChoices):
    """Where a broadcast stands. ENDING: the encoder is away and may come back until `ends_at`."""

    OFFLINE = "OFFLINE", "Waiting for the encoder"
    LIVE = "LIVE", "Live"
    ENDING = "ENDING", "Encoder away"
    ARCHIVED = "ARCHIVED", "Ended"


NEXT: dict[str, set[str]] = {
    Status.OFFLINE: {Status.LIVE, Status.ARCHIVED},
    Status.LIVE: {Status.ENDING},
    Status.ENDING: {Status.LIVE, Status.ARCHIVED},
    Status.ARCHIVED: set(),
}


# Widths of a broadcast's stills, which are 16:9: for cards on dense screens, players and links; for cards.
LARGE, SMALL = 640, 320
WRITTEN_AT_ONCE = 500


class BroadcastQuerySet(models.QuerySet["Broadcast"]):
    def open(self) -> Self:
        """Not over: waiting for the encoder, live, or hoping for its return."""
        return self.exclude(status=Status.ARCHIVED)

    def on_air(self) -> Self:
        """What a viewer calls live."""
        return self.filter(status__in=[Status.LIVE, Status.ENDING])

    def aired(self) -> Self:
        return self.filter(started_at__isnull=False)

    def listed(self) -> Self:
        """On channels that may appear in lists."""
        return self.filter(channel__visibility=Channel.Visibility.PUBLIC, channel__suspended_at__isnull=True)

    def showing(self) -> Self:
        """On air, and to be listed."""
        # `is_live` says so of the channel too, and finds its row without looking at those that are not.
        return self.on_air().listed().filter(channel__is_live=True)

    def in_category(self, slug: str) -> Self:
        """In this category or one below it."""
        return self.filter(Q(category__slug=slug) | Q(category__parent__slug=slug))

    def tagged(self, tag: str) -> Self:
        """With exactly this tag, in any casing.

        Tags are compared as JSON text, whose quotes keep "art" from finding "party"; in SQLite's copy of it
        letters beyond ASCII are escapes, in PostgreSQL's themselves.
        """
        spellings = [json.dumps(tag.lower(), ensure_ascii=escaped) for escaped in (True, False)]
        return self.filter(Q(tags__icontains=spellings[0]) | Q(tags__icontains=spellings[1]))

    def write_many(self, rows: Sequence[Broadcast], fields: Sequence[str]) -> None:
        """Store these fields of the rows. All who write many do it in one order, so that none of them waits
        for another crosswise."""
        if not rows:
            return
        with transaction.atomic():
            held = self.filter(pk__in=[row.pk for row in rows]).order_by("pk")
            if held.select_for_update(no_key=True).values_list("pk", flat=True):
                Broadcast.objects.bulk_update(rows, fields, batch_size=WRITTEN_AT_ONCE)

    def with_channel(self) -> Self:
        return self.select_related("channel__owner", "channel__category", "category")


class Broadcast(models.Model):
    """One live session, whatever its encoder does in between."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="broadcasts")
    title = models.CharField(max_length=140)
    description = models.TextField(max_length=2000, blank=True)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT)
    tags = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=8, default="en")

    status = models.CharField(max_length=10, choices=Status, default=Status.OFFLINE)
    created_at = models.DateTimeField(auto_now_add=True)
    scheduled_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    # When its picture ended, and when that was decided: a node out of reach may have sent on.
    ended_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    viewer_count = models.PositiveIntegerField(default=0)
    peak_viewers = models.PositiveIntegerField(default=0)
    unique_viewers = models.PositiveIntegerField(default=0)
    # How much it rises at the moment; what that means is told in apps/discovery/trending.py.
    trend = models.PositiveIntegerField(default=0)

    # Who sends at the moment: the RTMP session, the node that it is connected to, the last media it brought.
    publisher_session = models.CharField(max_length=64, blank=True)
    node = models.CharField(max_length=64, blank=True)
    media_base = models.CharField(max_length=200, blank=True)
    media_at = models.DateTimeField(null=True, blank=True)
    video = models.JSONField(default=dict, blank=True)
    # The hosted provider that takes and serves the picture, and what it plays it by; empty: our own ingest.
    provider = models.CharField(max_length=20, blank=True)
    playback_id = models.CharField(max_length=100, blank=True)

    # What the main encoder proved itself with.
    main_key = models.ForeignKey(
        StreamKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="broadcasts"
    )

    # The show that this is, its number, and which targets were on before it.
    show = models.ForeignKey(
        Show, null=True, blank=True, on_delete=models.SET_NULL, related_name="broadcasts"
    )
    show_number = models.PositiveIntegerField(null=True, blank=True)
    targets_before = models.JSONField(default=dict, blank=True)

    # Whether that is the backup encoder; the other of the two, its node, and when that said that it sends.
    on_backup = models.BooleanField(default=False)
    standby_session = models.CharField(max_length=64, blank=True)
    standby_node = models.CharField(max_length=64, blank=True)
    standby_at = models.DateTimeField(null=True, blank=True)

    # The newest still of it: what its files' names begin with, and when a round last looked after it.
    picture = models.CharField(max_length=100, blank=True)
    pictured_at = models.DateTimeField(null=True, blank=True)

    objects = BroadcastQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel"], condition=~Q(status="ARCHIVED"), name="streams_one_open_per_channel"
            )
        ]
        indexes = [
            models.Index(fields=["status", "-viewer_count"], name="streams_on_air"),
            models.Index(fields=["channel", "-id"], name="streams_of_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.status})"

    def advance(self, to: str) -> None:
        """Move to `to`; raises Conflict when the declared states don't allow it. Does not save."""
        if to not in NEXT[self.status]:
            raise Conflict(f"A broadcast that is {self.status} can't become {to}.", code="BAD_TRANSITION")
        self.status = to

    @property
    def is_live(self) -> bool:
        return self.status in (Status.LIVE, Status.ENDING)

    @property
    def poster_url(self) -> str:
        """The newest still, for who is let in to the picture itself; "" while there is none."""
        return default_storage.url(still_name(self.picture, LARGE)) if self.picture else ""

    @property
    def cover_url(self) -> str:
        """The newest still, for people who have asked for nothing: "" where an audience is asked first."""
        return "" if self.channel.is_mature else self.poster_url

    @property
    def small_cover_url(self) -> str:
        return default_storage.url(still_name(self.picture, SMALL)) if self.cover_url else ""

    @property
    def duration(self) -> timedelta | None:
        """From the first picture to the end, or to now."""
        if self.started_at is None:
            return None
        return (self.ended_at or timezone.now()) - self.started_at


class ViewerSample(models.Model):
    """How many watched at a minute."""

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="samples")
    minute = models.DateTimeField()
    viewers = models.PositiveIntegerField()

    class Meta:
        ordering = ["minute"]
        constraints = [
            models.UniqueConstraint(fields=["broadcast", "minute"], name="streams_one_sample_a_minute")
        ]

    def __str__(self) -> str:
        return f"{self.viewers} at {self.minute:%H:%M}"


class StoryboardSheet(models.Model):
    """Some stills of a running broadcast side by side in one file, for those who seek in it.

    `tiles` are `[start_ms, wall_ms]`, left to right: each still's place on the stream's timeline and its
    date. The file lies with the recording's.
    """

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="sheets")
    start_ms = models.PositiveBigIntegerField()
    file = models.CharField(max_length=100)
    tiles = models.JSONField()

    class Meta:
        ordering = ["start_ms"]
        constraints = [
            models.UniqueConstraint(fields=["broadcast", "start_ms"], name="streams_one_sheet_a_start")
        ]

    def __str__(self) -> str:
        return f"{len(self.tiles)} stills from {self.start_ms // 1000} s"


def still_name(picture: str, width: int) -> str:
    """The file of a still in one of its widths."""
    return f"{picture}-{width}.webp"


def grace() -> timedelta:
    return timedelta(seconds=settings.RECONNECT_GRACE_SECONDS)
