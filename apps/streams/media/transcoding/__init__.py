"""Makes a stream's renditions with one ffmpeg: takes the source from its node and brings them back there."""

from apps.streams.media.transcoding.client import NodeClient, NodeRefused
from apps.streams.media.transcoding.rungs import LADDER, Budget, Rung, Source, fitting, measured_speed
from apps.streams.media.transcoding.transcode import (
    NothingToMake,
    Patience,
    TooSlow,
    Transcode,
    TranscodeFailed,
)

__all__ = [
    "LADDER",
    "Budget",
    "NodeClient",
    "NodeRefused",
    "NothingToMake",
    "Patience",
    "Rung",
    "Source",
    "TooSlow",
    "Transcode",
    "TranscodeFailed",
    "fitting",
    "measured_speed",
]
