"""Broadcasts, the keys that open them and what was seen of their viewers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.channels.models import Category, Channel
from apps.core.errors import Conflict
from apps.core.ids import uuid7


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


class StreamKey(models.Model):
    """What an encoder proves itself with. Found by its HMAC, shown to its owner by decrypting.

    A rotated key keeps its hash, so that the dashboard can say that an encoder still uses the old one.
    """

    class Kind(models.TextChoices):
        """MAIN goes live, BACKUP stands by for it; REHEARSAL publishes for the channel's crew alone."""

        MAIN = "main", "Stream key"
        BACKUP = "backup", "Backup key"
        REHEARSAL = "rehearsal", "Test key"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="stream_keys")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MAIN)
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
                condition=Q(retired_at__isnull=True),
                name="streams_one_key_in_use",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.channel_id} from {self.created_at:%Y-%m-%d}"


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

    # Who sends at the moment: the RTMP session, the node that it is connected to, the last media it brought.
    publisher_session = models.CharField(max_length=64, blank=True)
    node = models.CharField(max_length=64, blank=True)
    media_base = models.CharField(max_length=200, blank=True)
    media_at = models.DateTimeField(null=True, blank=True)
    video = models.JSONField(default=dict, blank=True)
    # The hosted provider that takes and serves the picture, and what it plays it by; empty: our own ingest.
    provider = models.CharField(max_length=20, blank=True)
    playback_id = models.CharField(max_length=100, blank=True)

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


class Transcode(models.Model):
    """Who makes a broadcast's renditions, or why nobody does. A worker that was silent for LEASE has lost it;
    one that says why not never had it."""

    LEASE = timedelta(seconds=10)

    broadcast = models.OneToOneField(
        Broadcast, on_delete=models.CASCADE, primary_key=True, related_name="transcode"
    )
    worker = models.CharField(max_length=64, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"Renditions of {self.broadcast_id}"


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


def still_name(picture: str, width: int) -> str:
    """The file of a still in one of its widths."""
    return f"{picture}-{width}.webp"


def grace() -> timedelta:
    return timedelta(seconds=settings.RECONNECT_GRACE_SECONDS)
