"""Viewer numbers: the shared count, the peak, one sample a minute."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from apps.core import presence
from apps.core.presence import Seen
from apps.streams.models import Broadcast, ViewerSample

_NUMBERS = ["viewer_count", "peak_viewers", "unique_viewers"]
_BATCH = 500


def sample_viewers() -> int:
    """Write down how many watch each broadcast now; how many broadcasts are on air.

    Runs every few seconds; the sample of a minute keeps that minute's last count. What has not changed is
    not written again, and however many are on air, it takes some queries for each five hundred of them.
    """
    minute = timezone.now().replace(second=0, microsecond=0)
    rows = list(Broadcast.objects.on_air().only("channel_id", *_NUMBERS))
    seen = presence.remember({row.pk: row.channel_id for row in rows})
    changed = [row for row in rows if _is_changed(row, seen[row.pk])]
    Broadcast.objects.all().write_many(changed, _NUMBERS)
    _sample(seen, minute)
    return len(rows)


def _is_changed(row: Broadcast, seen: Seen) -> bool:
    """Whether the row tells other numbers than what is seen, which it is set to."""
    if row.viewer_count == seen.watching <= row.peak_viewers and seen.unique <= row.unique_viewers:
        return False
    row.viewer_count = seen.watching
    # Another worker may have written meanwhile.
    row.peak_viewers = Greatest(F("peak_viewers"), seen.watching)
    row.unique_viewers = Greatest(F("unique_viewers"), seen.unique)
    return True


def _sample(seen: dict[uuid.UUID, Seen], minute: datetime) -> None:
    known = dict(ViewerSample.objects.filter(minute=minute).values_list("broadcast", "viewers"))
    samples = [
        ViewerSample(broadcast_id=pk, minute=minute, viewers=each.watching)
        for pk, each in sorted(seen.items())
        if known.get(pk) != each.watching
    ]
    ViewerSample.objects.bulk_create(
        samples,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["broadcast", "minute"],
        update_fields=["viewers"],
    )
