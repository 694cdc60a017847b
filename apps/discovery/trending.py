"""What rises at the moment, counted once a minute and told by `Broadcast.trend`.

    trend = (viewers + 4 × growth) × 2 / (2 + hours on air), times 100, rounded

`growth` is by how many viewers it has more now than ten minutes ago (or than none, if it began later), never
less than nothing. So who wins fifty viewers in ten minutes stands beside one that has two hundred more all
along, and a marathon sinks slowly: after two hours on air it weighs a half.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from apps.streams.models import Broadcast, ViewerSample

GROWTH_OVER = timedelta(minutes=10)
GROWTH_WEIGHT = 4
HALF_AFTER_HOURS = 2
MOST = 2**31 - 1  # what the column holds


def rank_on_air() -> int:
    """Count the trend of all that is on air anew; how many have another one now."""
    now = timezone.now()
    rows = list(Broadcast.objects.on_air().only("id", "viewer_count", "started_at", "trend"))
    before = _viewers_before(now)
    changed = []
    for row in rows:
        trend = _trend(row, before.get(row.pk, 0), now)
        if trend != row.trend:
            row.trend = trend
            changed.append(row)
    Broadcast.objects.all().write_many(changed, ["trend"])
    return len(changed)


def _trend(row: Broadcast, before: int, now: datetime) -> int:
    hours = max(0.0, (now - (row.started_at or now)).total_seconds() / 3600)
    growth = max(0, row.viewer_count - before)
    score = (row.viewer_count + GROWTH_WEIGHT * growth) * HALF_AFTER_HOURS / (HALF_AFTER_HOURS + hours)
    return min(MOST, round(100 * score))


def _viewers_before(now: datetime) -> dict[object, int]:
    """How many watched each broadcast ten minutes ago: the last sample of the minutes up to then."""
    then = now - GROWTH_OVER
    around = Q(minute__lte=then, minute__gt=then - timedelta(minutes=3))
    samples = ViewerSample.objects.filter(around, broadcast__in=Broadcast.objects.on_air())
    return dict(samples.order_by("minute").values_list("broadcast", "viewers"))
