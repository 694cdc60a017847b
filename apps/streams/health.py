"""What the ingest node last said of an encoder, for dashboards. Kept in the cache: it is of the moment."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.cache import cache

from .vitals import Point

KEPT_SECONDS = 10
GRAPH_KEPT_SECONDS = 900
UNKNOWN: dict[str, Any] = {
    "connected": False,
    "onBackup": False,
    "standby": False,
    "encoder": "",
    "bitrateKbps": None,
    "audioKbps": None,
    "fps": None,
    "nominalFps": None,
    "missingPercent": None,
    "width": None,
    "height": None,
    "videoCodec": None,
    "profile": None,
    "level": None,
    "audioCodec": None,
    "audioSampleRate": None,
    "audioChannels": None,
    "sound": None,
    "keyframeSeconds": None,
    "reorderMs": None,
    "jitterMs": None,
    "behindMs": None,
    "delaySeconds": None,
    "audience": {"reports": 0, "stalled": 0, "delaySeconds": None, "fault": None},
    "renditions": {"offered": [], "trouble": ""},
    "alerts": [],
}


def remember_health(reports: Mapping[uuid.UUID, dict[str, Any]]) -> None:
    """Keep what a node reports of its streams, all in one round trip."""
    cache.set_many({_key(stream_id): told for stream_id, told in reports.items()}, KEPT_SECONDS)


def health_of(stream_id: uuid.UUID) -> dict[str, Any]:
    """The last report of a broadcast or a rehearsal, or UNKNOWN when there was none in the last seconds."""
    return UNKNOWN | (cache.get(_key(stream_id)) or {})


def remember_graphs(graphs: Mapping[uuid.UUID, Iterable[Point]]) -> None:
    """Keep the last ten minutes of these streams, whoever asks for them where."""
    cache.set_many(
        {_graph_key(stream_id): [tuple(point) for point in graph] for stream_id, graph in graphs.items()},
        GRAPH_KEPT_SECONDS,
    )


def graph_of(stream_id: uuid.UUID) -> list[Point]:
    """The last ten minutes, oldest first."""
    return [Point(*point) for point in cache.get(_graph_key(stream_id)) or ()]


def _key(stream_id: uuid.UUID) -> str:
    return f"health:{stream_id.hex}"


def _graph_key(stream_id: uuid.UUID) -> str:
    return f"graph:{stream_id.hex}"
