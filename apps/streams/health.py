"""What the ingest node last said of an encoder, for dashboards. Kept in the cache: it is of the moment."""

from __future__ import annotations

import uuid
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


def remember_health(broadcast_id: uuid.UUID, health: dict[str, Any]) -> None:
    cache.set(_key(broadcast_id), health, KEPT_SECONDS)


def health_of(broadcast: Broadcast) -> dict[str, Any]:
    """The last report, or UNKNOWN when there was none in the last seconds."""
    return UNKNOWN | (cache.get(_key(broadcast.pk)) or {})


def _key(broadcast_id: uuid.UUID) -> str:
    return f"health:{broadcast_id.hex}"
