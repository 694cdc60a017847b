"""Broadcasts, the keys that open them and what was seen of their viewers; one file a noun."""

from .broadcasts import (
    LARGE,
    NEXT,
    SMALL,
    Broadcast,
    BroadcastQuerySet,
    Status,
    StoryboardSheet,
    ViewerSample,
    grace,
    still_name,
)
from .hosted import LiveInput
from .keys import IngestRefusal, StreamKey
from .nodes import Node
from .rehearsals import Rehearsal
from .shows import Show
from .simulcast import SimulcastTarget
from .transcodes import Transcode

__all__ = [
    "LARGE",
    "NEXT",
    "SMALL",
    "Broadcast",
    "BroadcastQuerySet",
    "IngestRefusal",
    "LiveInput",
    "Node",
    "Rehearsal",
    "Show",
    "SimulcastTarget",
    "Status",
    "StoryboardSheet",
    "StreamKey",
    "Transcode",
    "ViewerSample",
    "grace",
    "still_name",
]
