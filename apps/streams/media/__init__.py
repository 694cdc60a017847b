"""The live edge: RTMP in, low-latency HLS out, recordings on the side. Pure asyncio, no Django, no ffmpeg.

    config = MediaConfig(grant_key=key, transcoding_key=another)
    node = IngestNode(gate, config, archive=FileArchive("recordings"))
    await node.start()                    # listens for encoders
    ... mount node.app at PATHS ...       # a raw ASGI callable
    await node.stop()

`gate` is a `PublishGate`: it decides about stream keys and hears what becomes of streams. Viewers need a
grant:
`/live/{grants.sign(key, stream_id, viewer, expires)}/{stream_id}/index.m3u8`.
"""

from apps.streams.media import grants
from apps.streams.media.archive import FileArchive
from apps.streams.media.config import DoorLimits, EdgeConfig, MediaConfig, RelayLimits
from apps.streams.media.edge import EdgeNode
from apps.streams.media.egress import Egress
from apps.streams.media.gaps import Gap
from apps.streams.media.measures import Sample
from apps.streams.media.node import PATHS, IngestNode
from apps.streams.media.ports import (
    Admission,
    Archive,
    PublishGate,
    Recorded,
    Refused,
    RelayInfo,
    Resume,
    SilentFor,
    StandbyInfo,
    StreamInfo,
    Target,
)
from apps.streams.media.recording import gaps_recorded, write_playlist
from apps.streams.media.rtmp.certificate import Certificate

__all__ = [
    "PATHS",
    "Admission",
    "Archive",
    "Certificate",
    "DoorLimits",
    "EdgeConfig",
    "EdgeNode",
    "Egress",
    "FileArchive",
    "Gap",
    "IngestNode",
    "MediaConfig",
    "PublishGate",
    "Recorded",
    "Refused",
    "RelayInfo",
    "RelayLimits",
    "Resume",
    "Sample",
    "SilentFor",
    "StandbyInfo",
    "StreamInfo",
    "Target",
    "gaps_recorded",
    "grants",
    "write_playlist",
]
