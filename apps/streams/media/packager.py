"""Cuts the access units of successive publishers into parts and segments of one stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from apps.streams.media.codecs import AacConfig, AvcConfig
from apps.streams.media.config import MediaConfig
from apps.streams.media.fmp4 import VideoRun, VideoSample, fragment
from apps.streams.media.ports import Refused
from apps.streams.media.sound import Sound
from apps.streams.media.timeline import Timeline
from apps.streams.media.window import LiveWindow, Part, Segment

_FIRST_SEGMENT_PARTS = 3
_MAX_STRETCHES = 20
"""So many discontinuities within 10 s of a stream are an attack on its playlist."""
_STRETCHES_MS = 10_000


def too_large() -> Refused:
    """More media waits to be cut than any honest encoder sends in that time."""
    return Refused("MEDIA_TOO_LARGE", "The encoder sends more media than its timestamps have time for.")


class Packager:
    """One stream's cutter. The picture leads: parts and segments are cut between pictures, sound follows.

    A picture is held back until the next one tells its duration. Times are integers (milliseconds for
    pictures, samples for sound), so nothing drifts however long a stream runs. `on_segment` hears every
    finished segment.
    """

    def __init__(
        self,
        window: LiveWindow,
        config: MediaConfig,
        on_segment: Callable[[Segment], None],
        *,
        start_ms: int = 0,
    ) -> None:
        self.window = window
        self.config = config
        self.end_ms = start_ms
        self.pending_bytes = 0
        self._on_segment = on_segment
        self._timeline = Timeline(start_ms)
        self._init = -1
        self._sound: Sound | None = None
        self._samples: list[VideoSample] = []
        self._held: VideoSample | None = None
        self._held_ms = start_ms
        self._frame_ms = 33
        self._part_ms = start_ms
        self._segment_ms = start_ms
        self._segment: Segment | None = None
        self._wall_offset_ms = 0
        self._discontinuity = start_ms > 0
        self._sequence = 0
        self._first_cut_done = bool(window.past.listed)
        self._stretches: deque[int] = deque(maxlen=_MAX_STRETCHES)

    def begin(self, video: AvcConfig, audio: AacConfig | None, *, wall_ms: int) -> None:
        """A publisher starts, or has new codec settings: the next picture continues the timeline.

        `wall_ms` is when its first picture came; dates of all its segments follow from that one anchor.
        """
        self.finish()
        self._discontinuity = self._discontinuity or self._sequence > 0
        self._begin_stretch(wall_ms)
        self._sound = Sound(audio, self.end_ms)
        known = self.window.inits.get(self._init)
        if known is None or known.video.record != video.record or known.audio != self._sound.config:
            self._init = self.window.add_init(video, self._sound.config)
        self._part_ms = self._segment_ms = self._held_ms = self.end_ms

    def push_picture(
        self, timestamp: int, composition: int, keyframe: bool, data: memoryview, wall_ms: int
    ) -> None:
        """The next access unit in decode order; the first after `begin` must be a keyframe."""
        if self._held is not None and self._timeline.jumps(timestamp):
            self._jump(wall_ms)
        time_ms = self._timeline.place_picture(timestamp)
        if self._held is not None:
            self._frame_ms = time_ms - self._held_ms
            self._complete_held(time_ms)
            self._cut(time_ms, keyframe)
        self._held = VideoSample(data, 0, composition, keyframe)
        self._held_ms = time_ms
        self.pending_bytes += len(data)
        if self.pending_bytes > self.config.pending_max_bytes:
            raise too_large()

    def push_sound(self, timestamp: int, data: memoryview) -> None:
        """The next AAC frame; placed when the part it belongs to is cut."""
        if self._sound is not None:
            self._sound.push(timestamp, data)

    def finish(self) -> None:
        """The publisher is gone: what it sent becomes the last part of a complete segment."""
        self._flush()
        if self._sound is not None:
            self.end_ms = max(self.end_ms, self._sound.end_ms)
            self._sound = None
        self.pending_bytes = 0

    def _flush(self) -> None:
        if self._held is not None:
            self._complete_held(self._held_ms + self._frame_ms)
            self._held = None
            self._close_part(self.end_ms, last=True)
        self._close_segment()

    def _jump(self, wall_ms: int) -> None:
        """The encoder's clock jumped: what follows is another stretch of time, and says so."""
        self._flush()
        if self._sound is not None:
            self._sound.forget_waiting()
        self._discontinuity = True
        self._begin_stretch(wall_ms)

    def _begin_stretch(self, wall_ms: int) -> None:
        """What follows has a clock of its own. Dates never run backwards, even behind an encoder ahead of
        time."""
        stretches = self._stretches
        stretches.append(self.end_ms)
        if len(stretches) == _MAX_STRETCHES and self.end_ms - stretches[0] < _STRETCHES_MS:
            raise Refused("BAD_TIMESTAMPS", "The encoder's clock or settings change all the time.")
        self._timeline = Timeline(self.end_ms)
        offset_ms = wall_ms - self.end_ms
        self._wall_offset_ms = max(offset_ms, self._wall_offset_ms) if self._sequence else offset_ms

    def _complete_held(self, end_ms: int) -> None:
        """The held picture lasts until `end_ms`; one too long for its part or segment begins the next."""
        assert self._held is not None
        if self._samples and end_ms - self._segment_ms > self.config.segment_max_ms:
            self._close_part(self._held_ms)
            self._close_segment()
        elif self._samples and end_ms - self._part_ms > self.window.part_target_ms:
            self._close_part(self._held_ms)
        self._held.duration = end_ms - self._held_ms
        self._samples.append(self._held)
        self.end_ms = end_ms

    def _cut(self, now_ms: int, keyframe: bool) -> None:
        """Close the part, and the segment, that end before the picture at `now_ms`."""
        segment = self._segment
        begins_with_keyframe = segment.independent if segment is not None else self._samples[0].keyframe
        length_ms = now_ms - self._segment_ms
        if keyframe and (length_ms >= self.config.segment_min_ms or not begins_with_keyframe):
            self._close_part(now_ms)
            self._close_segment()
        elif self._part_is_full(now_ms - self._part_ms):
            self._close_part(now_ms)
            # Players start only when one whole segment is listed: the very first is kept this short for them,
            # unless there are older ones.
            segment = self._segment
            if (
                not self._first_cut_done
                and segment is not None
                and len(segment.parts) == _FIRST_SEGMENT_PARTS
            ):
                self._close_segment()

    def _part_is_full(self, length_ms: int) -> bool:
        """As near to the aim as whole pictures allow, and not below the 85 % that PART-TARGET promises."""
        return (
            length_ms >= 0.85 * self.window.part_target_ms
            and length_ms + self._frame_ms / 2 >= self.config.part_ms
        )

    def _close_part(self, end_ms: int, *, last: bool = False) -> None:
        if not self._samples:
            return
        video = VideoRun(self._part_ms, self._samples)
        audio = self._sound.take(end_ms, self._timeline, last=last) if self._sound is not None else None
        self._sequence += 1
        part = Part(fragment(self._sequence, video, audio), end_ms - self._part_ms, self._samples[0].keyframe)
        if self._segment is None:
            self._segment = self._open_segment()
        self._settle_part_target(part.duration_ms)
        self.window.add_part(part)
        self._part_ms = end_ms
        self._samples = []
        self.pending_bytes = 0

    def _settle_part_target(self, duration_ms: int) -> None:
        """Slow pictures may stretch PART-TARGET until the first playlist is out; then it never changes."""
        window = self.window
        if window.part_count < self.config.parts_before_live and duration_ms > window.part_target_ms:
            window.part_target_ms = -(-duration_ms * 105 // 100)

    def _open_segment(self) -> Segment:
        segment = self.window.open_segment(
            start_ms=self._part_ms,
            wall_ms=self._part_ms + self._wall_offset_ms,
            init=self._init,
            discontinuity=self._discontinuity,
        )
        self._discontinuity = False
        return segment

    def _close_segment(self) -> None:
        if self._segment is not None:
            self._first_cut_done = True
            self._segment = None
            self._on_segment(self.window.close_segment())
        self._segment_ms = self._part_ms
