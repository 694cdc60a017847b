"""Viewer numbers: the shared count, the peak, one sample a minute."""

from __future__ import annotations

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from apps.core import presence
from apps.streams.models import Broadcast, ViewerSample


def sample_viewers() -> int:
    """Write down how many watch each broadcast now; how many broadcasts are on air.

    Runs every few seconds; the sample of a minute keeps that minute's last count.
    """
    minute = timezone.now().replace(second=0, microsecond=0)
    on_air = list(Broadcast.objects.on_air().values_list("pk", "channel_id"))
    for pk, channel_id in on_air:
        viewers = presence.count(channel_id)
        presence.remember(pk, channel_id)
        Broadcast.objects.filter(pk=pk).update(
            viewer_count=viewers,
            peak_viewers=Greatest(F("peak_viewers"), viewers),
            unique_viewers=Greatest(F("unique_viewers"), presence.unique(pk)),
        )
        ViewerSample.objects.update_or_create(broadcast_id=pk, minute=minute, defaults={"viewers": viewers})
    return len(on_air)
