"""Streams whose beginning is in the archive alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.streams.media import DoorLimits
from apps.streams.media.names import RecordedSegment, read_names
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import publish
from tests.streams.media.playlist_rules import Playlist, check

if TYPE_CHECKING:
    from tests.streams.media.conftest import FlvMaker

PREFIX = "rec/stream"
BEGAN = 1_800_000_000_000

FAST: dict[str, Any] = {
    "target_duration": 2,
    "window_seconds": 8.0,
    "limits": DoorLimits(max_lead_seconds=None),
}


def film(edge: Edge, make_flv: FlvMaker, *, seconds: float = 30) -> None:
    publish(edge, make_flv(seconds=seconds, size="160x90"))
    eventually(lambda: edge.gate.interruptions)
    eventually(lambda: not edge.call(lambda: edge.node._streams["stream"].window._leaving))


def whole(edge: Edge) -> Playlist:
    return check(edge.get("stream.m3u8").text)


def oldest(edge: Edge) -> str:
    uri = whole(edge).segments[0].uri
    assert uri is not None
    return uri


def recorded(msn: int, *, start: int, epoch: str = "e0", discontinuity: bool = False) -> RecordedSegment:
    flags = "kd" if discontinuity else "k"
    name = f"{msn:07d}_{start}_2000_{BEGAN + start}_10_{epoch}-0_{flags}.m4s"
    return read_names([name])[0]
