"""Who makes renditions of which broadcast: a lease in the broadcast's `Transcode` row, renewed by heartbeats.

A worker that dies is silent; after LEASE the next one takes over.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.core.sealing import derived
from apps.streams.media import grants
from apps.streams.models import Broadcast, Status, Transcode

GRANT_SECONDS = 60


def awaiting_transcoder() -> list[Broadcast]:
    """Live broadcasts whose renditions nobody makes, the oldest first, with what was said of that."""
    live = Broadcast.objects.filter(status=Status.LIVE, channel__suspended_at__isnull=True, provider="")
    free = Q(transcode=None) | Q(transcode__beat_at=None) | Q(transcode__beat_at__lt=_stale())
    return list(live.filter(free).select_related("transcode").order_by("pk"))


def claim_transcode(*, broadcast_id: uuid.UUID, worker: str) -> bool:
    """From now on `worker` makes the renditions, if nobody was faster."""
    now = timezone.now()
    rows = Transcode.objects.filter(pk=broadcast_id)
    free = rows.filter(Q(beat_at=None) | Q(beat_at__lt=_stale()))
    if free.update(worker=worker, beat_at=now, trouble=""):
        return True
    if rows.exists():
        return False
    try:
        with transaction.atomic():
            Transcode.objects.create(broadcast_id=broadcast_id, worker=worker, beat_at=now)
    except IntegrityError:  # another worker's row, or a broadcast that is gone
        return False
    return True


def keep_transcode(*, broadcast_id: uuid.UUID, worker: str, trouble: str = "") -> bool:
    """Its heartbeat; False when the broadcast is over or another worker has it: let go."""
    mine = Transcode.objects.filter(pk=broadcast_id, worker=worker)
    on_air = mine.filter(broadcast__status__in=[Status.LIVE, Status.ENDING])
    return bool(on_air.update(beat_at=timezone.now(), trouble=trouble[:200]))


def leave_transcode(*, broadcast_id: uuid.UUID, worker: str) -> None:
    """`worker` stops; the next one may begin at once."""
    Transcode.objects.filter(pk=broadcast_id, worker=worker).update(worker="", beat_at=None)


def explain_no_transcode(*, broadcast: Broadcast, trouble: str) -> None:
    """A worker can't take one of `awaiting_transcoder`, which keeps no other from it. Costs no query while it
    was said before."""
    trouble = trouble[:200]
    said = getattr(broadcast, "transcode", None)
    if said is not None and said.beat_at is None and said.trouble == trouble:
        return
    free = Transcode.objects.filter(pk=broadcast.pk).filter(Q(beat_at=None) | Q(beat_at__lt=_stale()))
    if free.update(worker="", beat_at=None, trouble=trouble):
        return
    try:
        with transaction.atomic():
            Transcode.objects.get_or_create(pk=broadcast.pk, defaults={"trouble": trouble})
    except IntegrityError:
        return  # the broadcast is gone


def transcode_troubles(broadcast_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """For each of these broadcasts whose renditions somebody has looked at: what is wrong with them."""
    rows = Transcode.objects.filter(pk__in=list(broadcast_ids))
    fresh = rows.filter(Q(beat_at=None) | Q(beat_at__gte=_stale()))
    return dict(fresh.values_list("pk", "trouble"))


def transcoding_grant(*, broadcast_id: uuid.UUID, worker: str) -> str:
    """What `worker` shows to the node; for a minute."""
    expires = int(time.time()) + GRANT_SECONDS
    return grants.sign(transcoding_key(), broadcast_id.hex, worker, expires, purpose=grants.TRANSCODING)


def transcoding_key() -> bytes:
    """The key of transcoders' grants, which edges have no part in: none of them brings pictures to a node."""
    return derived("transcoding-grant")


def _stale() -> datetime:
    return timezone.now() - Transcode.LEASE
