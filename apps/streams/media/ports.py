"""How the live edge talks to the rest of the product: what it asks, what it tells, where it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from apps.streams.media.gaps import Gap
from apps.streams.media.names import RecordedSegment

SilentFor = Callable[[str], "float | None"]
"""Seconds since the encoder of this session last sent media; None when this node does not know it."""


class Refused(Exception):
    """A publisher may not go on: `message` is for the person at the encoder, `code` for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Resume:
    """Where a stream whose node died goes on: numbers and timeline never run backwards."""

    next_msn: int
    next_time_ms: int
    discontinuity_sequence: int
    """How many discontinuities there were so far."""
    recorded: Sequence[RecordedSegment] = ()
    """What viewers may rewind to."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The gate's yes to a publisher.

    `stream_id` is what playback URLs contain ([0-9A-Za-z_-], at most 64); `recording` is the folder in the
    archive, None records nothing. Without `resume` the node derives it from what the archive holds in that
    folder.
    """

    stream_id: str
    channel_id: str
    recording: str | None = None
    resume: Resume | None = None
    is_backup: bool = False
    """The channel's second encoder; nothing but a name to the node."""
    stands_by: bool = False
    """Another encoder feeds the stream, here or elsewhere: listen to this one until it is put on air."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the archive holds: `playlist` is its path, `lost` counts segments that were not written."""

    playlist: str
    duration_ms: int
    size_bytes: int
    segments: int
    lost: int
    gaps: Sequence[Gap]


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream at one moment, for dashboards and heartbeats. Bitrates are those of the last seconds."""

    stream_id: str
    channel_id: str
    session_id: str | None
    state: str
    """starting, live, interrupted or ended."""
    address: str | None
    encoder: str
    width: int
    height: int
    frame_rate: float
    video_codec: str
    audio_codec: str
    audio_sample_rate: int
    audio_channels: int
    video_bitrate: int
    audio_bitrate: int
    keyframe_interval: float
    """Seconds between the last two keyframes; 0 until there were two."""
    media_at: float | None
    """Epoch seconds of the last media message."""
    silent_seconds: float | None
    """Since the encoder that is on air sent media; None without one."""
    on_backup: bool
    """That encoder is the channel's second one."""
    media_ms: int
    """Length of the stream so far."""
    delay_ms: int
    """Age of the newest frame a viewer can fetch, as far as this node can know."""
    msn: int
    parts: int
    window_bytes: int
    viewers: int
    recorded_segments: int
    recorded_bytes: int
    recording_lost: int
    renditions: tuple[str, ...] = ()
    """Those that viewers are offered, the largest first."""


@dataclass(frozen=True, slots=True)
class StandbyInfo:
    """An encoder that stands by for a stream, which may be another node's."""

    session_id: str
    silent_seconds: float
    steady_seconds: float
    """For how long its pictures have come without a break."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a stream is forwarded to. Another `revision` of the same id is another target."""

    id: str
    revision: int
    url: str
    """rtmp:// or rtmps://, host, perhaps a port, and the application."""
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RelayInfo:
    """How forwarding to one target is going."""

    target_id: str
    revision: int
    state: str
    """waiting (for the encoder), connecting, live, retrying or failed (for good)."""
    reason: str
    """Why it is retrying or failed, for people."""
    next_attempt_at: float | None
    """Epoch seconds, while retrying."""
    dropped: int
    """Messages that a slow target has missed."""


class PublishGate(Protocol):
    """Decides who may publish, and hears what became of it.

    Calls about one stream come one after the other. Every admitted claim is followed by exactly one
    `interrupted`, unless a newer session with the same key took its place or the stream was ended before.
    """

    async def claim(self, key: str, session_id: str, address: str, silent_for: SilentFor) -> Admission:
        """Admit the holder of `key`, or raise Refused. An older session of the stream here is then cut."""

    async def live(self, stream_id: str, session_id: str, info: StreamInfo) -> None:
        """Viewers can play what this session sends, from now on."""

    async def interrupted(self, stream_id: str, session_id: str, reason: str) -> str | None:
        """The session is gone. The session that stands by here and is put on air instead; without one the
        stream waits for the next.

        Reasons: closed, lost, silent, malformed, refused, shutdown, fault, or what `cut` was given.
        """

    async def refused(self, key: str, address: str, code: str, message: str) -> None:
        """An admitted session was turned away by what it sent (codec, sizes); `interrupted` follows."""

    async def ended(self, stream_id: str, recorded: Recorded | None) -> None:
        """The stream is over and its recording, if any, complete. Told once, whoever ended it."""


class Archive(Protocol):
    """Storage of recordings. Called from several threads; every method may block and may raise."""

    def write(self, path: str, chunks: Sequence[bytes]) -> None:
        """Store the concatenation under `path`, replacing what was there; readers never see half of it."""

    def names(self, prefix: str) -> list[str]:
        """File names directly in the folder `prefix`, in any order; empty when there is no such folder."""

    def read(self, path: str) -> bytes:
        """The whole of one file; FileNotFoundError when there is none."""


class Clock(Protocol):
    """Wall time for dates, monotonic time for waiting."""

    def time(self) -> float: ...

    def monotonic(self) -> float: ...
