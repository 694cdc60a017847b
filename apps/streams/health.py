"""What the ingest node last said of an encoder, for dashboards. Kept in the cache: it is of the moment."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache

from .models import Broadcast

KEPT_SECONDS = 10
UNKNOWN: dict[str, Any] = {
    "connected": False,
    "bitrateKbps": None,
    "fps": None,
    "width": None,
    "height": None,
    "videoCodec": None,
    "audioCodec": None,
    "keyframeSeconds": None,
}


def remember_health(reports: Mapping[uuid.UUID, dict[str, Any]]) -> None:
    """Keep what a node reports of its streams, all in one round trip."""
    cache.set_many({_key(broadcast_id): told for broadcast_id, told in reports.items()}, KEPT_SECONDS)


def health_of(broadcast: Broadcast) -> dict[str, Any]:
    """The last report, or UNKNOWN when there was none in the last seconds."""
    return UNKNOWN | (cache.get(_key(broadcast.pk)) or {})


def _key(broadcast_id: uuid.UUID) -> str:
    return f"health:{broadcast_id.hex}"
