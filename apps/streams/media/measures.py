"""What one encoder's media tell of its health: counted at every frame, read out once a second."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

_FORWARD_JUMP_MS = 2000
_BACKWARD_JUMP_MS = 500
_WRAP = 0x100000000
_LAG_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """One stream over the time since the sample before. Times are milliseconds, unless their name says else.

    "Late" is a picture's arrival against its timestamp, both counted from the session's first picture: its
    rise is a line that does not keep up, its slope two clocks of different speed.
    """

    at: float
    """Epoch seconds of its end."""
    seconds: float
    session_id: str | None
    """None while no encoder is connected; then everything that is of the encoder is 0."""
    width: int = 0
    height: int = 0
    video_codec: str = ""
    frame_rate: float = 0.0
    """What the encoder declares, or else what was measured so far."""
    video_bytes: int = 0
    audio_bytes: int = 0
    pictures: int = 0
    media_ms: int = 0
    """What the pictures span by the encoder's clock."""
    since_picture_ms: int = 0
    since_media_ms: int = 0
    keyframe_min_ms: int = 0
    keyframe_max_ms: int = 0
    """The shortest and the longest keyframe interval that ended here; 0 when none did."""
    since_keyframe_ms: int = 0
    """Since the newest keyframe, by the encoder's clock."""
    reorder_ms: int = 0
    """How long pictures wait for their turn (B-frames)."""
    jitter_ms: float = 0.0
    """As RFC 3550 (6.4.1) smooths it."""
    late_min_ms: float = 0.0
    late_max_ms: float = 0.0
    gap_ms: int = 0
    """The longest time between the arrivals of two pictures, and the step of their timestamps."""
    gap_step_ms: int = 0
    clock_jumps: int = 0
    on_backup: bool = False
    """It is the channel's second encoder."""
    has_sound: bool = False
    sound_frames: int = 0
    sound_max_bytes: int = 0
    sound_alike: int = 0
    """Frames that are the same bytes as the frame before: silence, of encoders that pad it."""
    packets: int = 0
    """Of SRT, as the three below; over RTMP nobody sees what TCP does."""
    packets_missed: int = 0
    """Those that did not come at first, and what of them never came."""
    packets_lost: int = 0
    rtt_ms: float = 0.0
    delay_ms: int = 0
    lag_ms: int = 0
    """How late this node's own loop was."""
    recording_lost: int = 0
    """Segments that the recording misses, since the stream began."""


@dataclass(frozen=True, slots=True)
class Line:
    """How the way from an encoder was since it was last asked for, in packets and milliseconds."""

    rtt_ms: float
    received: int
    missed: int
    lost: int


class Measures:
    """Counts of one session. Of its media nothing is kept but the last frame of sound."""

    def __init__(self, now: float) -> None:
        self.media_ms = 0
        self.pictures = 0
        self.keyframe_interval_ms = 0
        self.jitter_ms = 0.0
        self._timestamp: int | None = None
        self._origin = self._arrived = self._taken = now
        self._keyframe_ms: int | None = None
        self._sound: memoryview | None = None
        self._before = (0, 0, 0, 0)
        self._begin()

    def _begin(self) -> None:
        self._late_min, self._late_max = float("inf"), float("-inf")
        self._gap = self._gap_step = 0
        self._keyframe_min = self._keyframe_max = 0
        self._reorder = self._jumps = 0
        self._sound_frames = self._sound_max = self._sound_alike = 0

    def picture(self, timestamp: int, keyframe: bool, composition_ms: int, now: float) -> None:
        """A picture came; `now` is monotonic."""
        last, self._timestamp = self._timestamp, timestamp
        if last is None:
            self._origin = now
        else:
            self._step((timestamp - last) % _WRAP, (now - self._arrived) * 1000)
        self._arrived = now
        late = (now - self._origin) * 1000 - self.media_ms
        if late < self._late_min:
            self._late_min = late
        if late > self._late_max:
            self._late_max = late
        if composition_ms > self._reorder:
            self._reorder = composition_ms
        if keyframe:
            self._keyframe()

    def _step(self, step: int, gap: float) -> None:
        if gap > self._gap:
            self._gap, self._gap_step = int(gap), step if step < _WRAP - _BACKWARD_JUMP_MS else 0
        if step < _FORWARD_JUMP_MS:
            self.media_ms += step
            self.pictures += 1
            self.jitter_ms += (abs(gap - step) - self.jitter_ms) / 16
        elif step < _WRAP - _BACKWARD_JUMP_MS:
            # What was late stays so much late: a pause or a jump is not the line's fault.
            self._origin += gap / 1000
            self._jumps += abs(gap - step) > _BACKWARD_JUMP_MS

    def _keyframe(self) -> None:
        if self._keyframe_ms is not None:
            interval = self.keyframe_interval_ms = self.media_ms - self._keyframe_ms
            self._keyframe_max = max(self._keyframe_max, interval)
            self._keyframe_min = min(self._keyframe_min or interval, interval)
        self._keyframe_ms = self.media_ms

    def sound(self, data: memoryview) -> None:
        """A frame of sound came."""
        self._sound_frames += 1
        size = len(data)
        if size > self._sound_max:
            self._sound_max = size
        last, self._sound = self._sound, data
        if last is not None and len(last) == size and last == data:
            self._sound_alike += 1

    def take(
        self, *, at: float, now: float, session_id: str, video_bytes: int, audio_bytes: int, last_media: float
    ) -> Sample:
        """What came since this was last called; the bytes are given as those of the whole session."""
        came = (self.pictures, self.media_ms, video_bytes, audio_bytes)
        pictures, media_ms, video, audio = (a - b for a, b in zip(came, self._before, strict=True))
        has_picture = self._late_min <= self._late_max
        sample = Sample(
            at=at,
            seconds=now - self._taken,
            session_id=session_id,
            video_bytes=video,
            audio_bytes=audio,
            pictures=pictures,
            media_ms=media_ms,
            since_picture_ms=int((now - self._arrived) * 1000),
            since_media_ms=int((now - last_media) * 1000),
            keyframe_min_ms=self._keyframe_min,
            keyframe_max_ms=self._keyframe_max,
            since_keyframe_ms=self.media_ms - self._keyframe_ms if self._keyframe_ms is not None else 0,
            reorder_ms=self._reorder,
            jitter_ms=round(self.jitter_ms, 1),
            late_min_ms=self._late_min if has_picture else 0.0,
            late_max_ms=self._late_max if has_picture else 0.0,
            gap_ms=self._gap,
            gap_step_ms=self._gap_step,
            clock_jumps=self._jumps,
            sound_frames=self._sound_frames,
            sound_max_bytes=self._sound_max,
            sound_alike=self._sound_alike,
        )
        self._before, self._taken = came, now
        self._begin()
        return sample


class LoopLag:
    """How late an event loop is: it asks to be woken ten times a second and notes by how much that failed."""

    def __init__(self) -> None:
        self._most = 0.0

    async def watch(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_SECONDS
            await asyncio.sleep(_LAG_SECONDS)
            self._most = max(self._most, loop.time() - due)

    def take(self) -> int:
        """The worst since the last call, in milliseconds."""
        most, self._most = self._most, 0.0
        return int(most * 1000)
