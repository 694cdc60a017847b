"""Recordings: a row when a broadcast starts, a playlist when it has ended."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from apps.channels import policies
from apps.channels.roles import Power
from apps.core.errors import Unavailable
from apps.streams.archive import recordings_archive
from apps.streams.facts import BroadcastStarted, HostedRecordingMade
from apps.streams.media import Gap, gaps_recorded, write_playlist
from apps.streams.models import Broadcast, Status

from .models import Recording

if TYPE_CHECKING:
    from apps.accounts.models import Actor

log = logging.getLogger(__name__)

# The node still writes its last segment when the end is announced.
SETTLE = timedelta(seconds=5)
# A hosted provider repeats for a day what it could not tell: later nothing is to be expected.
HOSTED_LATEST = timedelta(days=2)
# Folders are named by the broadcast's id; so many are looked up at once.
_ID = re.compile("[0-9a-f]{32}")
LOOKED_UP = 500


def begin_recording(fact: BroadcastStarted) -> None:
    """The row of a broadcast's recording; the segments are being written already."""
    Recording.objects.get_or_create(broadcast_id=fact.broadcast_id, defaults={"path": fact.broadcast_id.hex})


def keep_hosted_recording(fact: HostedRecordingMade) -> None:
    """The provider has it; of several pieces of one broadcast the longest is kept."""
    recording, _ = Recording.objects.get_or_create(
        broadcast_id=fact.broadcast_id, defaults={"path": fact.broadcast_id.hex}
    )
    if recording.status == Recording.Status.READY and recording.duration_ms >= fact.duration_ms:
        return
    recording.status, recording.ready_at = Recording.Status.READY, timezone.now()
    recording.provider, recording.playback_id = fact.provider, fact.playback_id
    recording.duration_ms = fact.duration_ms
    recording.save()


def finish_recordings() -> int:
    """Close the recordings of broadcasts that have ended; how many became ready or failed.

    Made from the segments' names alone, so it works after a crash, on any machine, any number of times. A
    broadcast that started without its row (the process died between the two) gets it here.
    """
    settled = Broadcast.objects.filter(
        status=Status.ARCHIVED, started_at__isnull=False, archived_at__lte=timezone.now() - SETTLE
    )
    for broadcast_id in settled.filter(recording__isnull=True).values_list("pk", flat=True):
        Recording.objects.get_or_create(broadcast_id=broadcast_id, defaults={"path": broadcast_id.hex})
    waiting = Recording.objects.filter(status=Recording.Status.PROCESSING, broadcast__in=settled)
    hosted = waiting.exclude(broadcast__provider="")
    done = hosted.filter(broadcast__archived_at__lt=timezone.now() - HOSTED_LATEST).update(
        status=Recording.Status.FAILED
    )
    waiting = waiting.filter(broadcast__provider="")
    for recording in waiting.order_by("-id")[:50]:
        try:
            finish_recording(recording)
            done += 1
        except Exception:
            # Storage out of reach, or one broken recording that must not stop the others: the row stays
            # PROCESSING and the next round tries again.
            log.exception("recording %s could not be closed", recording.pk)
    return done


def remove_orphans() -> int:
    """Delete the files of broadcasts that are gone with their channel; how many folders were emptied."""
    storage = storages["recordings"]
    try:
        folders = storage.listdir("")[0]
    except FileNotFoundError:  # nothing was ever recorded
        return 0
    removed = 0
    for folder in _without_broadcast(folders):
        try:
            for name in storage.listdir(folder)[1]:
                storage.delete(f"{folder}/{name}")
            storage.delete(folder)
            removed += 1
        except Exception:
            # One that can't be emptied must not keep the others: the next round tries again.
            log.exception("the recording %s could not be removed", folder)
    return removed


def _without_broadcast(folders: Iterable[str]) -> Iterator[str]:
    """Those that are named like a broadcast which is not there."""
    named = list(filter(_ID.fullmatch, folders))
    for start in range(0, len(named), LOOKED_UP):
        some = named[start : start + LOOKED_UP]
        known = Broadcast.objects.filter(pk__in=some).values_list("pk", flat=True)
        yield from set(some) - {broadcast_id.hex for broadcast_id in known}


def finish_recording(recording: Recording) -> Recording:
    """Write the playlist beside the segments and note what is there."""
    written = write_playlist(recordings_archive(), recording.path)
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=recording.pk)
        recording.status = Recording.Status.FAILED
        if written is not None:
            recording.status = Recording.Status.READY
            recording.segments = written.segments
            recording.duration_ms = written.duration_ms
            recording.size_bytes = written.size_bytes
            recording.gaps = [astuple(gap) for gap in written.gaps]
        recording.ready_at = timezone.now()
        recording.save()
    return recording


def gaps_of(*, actor: Actor, broadcast: Broadcast) -> list[Gap]:
    """When the broadcast had no picture, for its channel's crew; while it runs, in what is recorded so far.

    Raises NotAllowed or SignInNeeded for everybody else, Unavailable while the recordings can't be reached.
    """
    policies.require(actor, Power.VIEW_DASHBOARD, broadcast.channel)
    recording = Recording.objects.filter(broadcast=broadcast).first()
    if recording is not None and recording.status == Recording.Status.READY:
        return [Gap(*gap) for gap in recording.gaps]
    try:
        return gaps_recorded(recordings_archive(), broadcast.pk.hex)
    except OSError as error:
        log.warning("the gaps of broadcast %s can't be read: %s", broadcast.pk, error)
        raise Unavailable(
            "The recordings can't be reached at the moment. Try again in a few seconds.",
            code="RECORDINGS_UNAVAILABLE",
            retry_after=5.0,
        ) from error
