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
_MAX_COMPOSITION_MS = 5000


def too_large() -> Refused:
    """More media waits to be cut than any honest encoder sends in that time."""
    return Refused("MEDIA_TOO_LARGE", "The encoder sends more media than its timestamps have time for.")


def _believed(composition: int, time_ms: int) -> int:
    """How long after it is decoded a picture is shown, in ms: no reordering takes seconds, and players drop
    what comes before the beginning, with all that follows from it."""
    return max(composition, -time_ms) if abs(composition) <= _MAX_COMPOSITION_MS else 0


class Packager:
    """One stream's cutter. The picture leads: parts and segments are cut between pictures, sound follows.
    Only where no picture begins when a part must end (4.4.4.9 of the HLS draft), it ends inside of one.

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
        self._part_ms = self._run_ms = start_ms
        self._segment_ms = start_ms
        self._segment: Segment | None = None
        self._wall_offset_ms = window.past.ends_at_ms - start_ms
        self._discontinuity = start_ms > 0
        self._sequence = 0
        self._first_cut_done = bool(window.past.listed)
        self._stretches: deque[int] = deque(maxlen=_MAX_STRETCHES)

    @property
    def wall_ms(self) -> int:
        """The date at which what it has cut ends."""
        return self.end_ms + self._wall_offset_ms

    def begin(self, video: AvcConfig, audio: AacConfig | None, *, wall_ms: int) -> None:
        """A publisher starts, or has new codec settings: the next picture continues the timeline.

        `wall_ms` is when its first picture came; dates of all its segments follow from that one anchor.
        """
        self.finish()
        self._discontinuity = self._discontinuity or self._sequence > 0
        self._begin_stretch(wall_ms)
        self._sound = Sound(audio, self.end_ms)
        known = self.window.inits.get(self._init)
        if known is None or known.video != video or known.audio != self._sound.config:
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
        self._held = VideoSample(data, 0, _believed(composition, time_ms), keyframe)
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
        self._wall_offset_ms = max(offset_ms, self._wall_offset_ms)

    def _complete_held(self, end_ms: int) -> None:
        """The held picture lasts until `end_ms`; one too long for its part or segment begins the next."""
        assert self._held is not None
        self._held.duration = end_ms - self._held_ms
        self._fit_part_target(self._held.duration)
        target_ms = self.window.part_target_ms
        self._cut_inside(self._held_ms)
        if end_ms - self._segment_ms > self.config.segment_max_ms:
            self._close_part(self._held_ms)
            self._close_segment()
        elif end_ms - self._part_ms > target_ms and self._held_ms - self._part_ms >= 0.85 * target_ms:
            self._close_part(self._held_ms)
        if not self._samples:
            self._run_ms = self._held_ms
        self._samples.append(self._held)
        self.end_ms = end_ms
        self._cut_inside(end_ms)

    def _cut_inside(self, until_ms: int) -> None:
        """Parts that end while a picture stands, because the next one comes late or was left out."""
        aim_ms = self.window.part_target_ms * 100 // 105
        while until_ms - (begin_ms := self._part_ms) > self.window.part_target_ms:
            self._close_part(begin_ms + aim_ms)
            if self._part_ms == begin_ms:
                return

    def _cut(self, now_ms: int, keyframe: bool) -> None:
        """Close the part, and the segment, that end before the picture at `now_ms`."""
        segment = self._segment
        begins_with_keyframe = segment.independent if segment is not None else self._begins_with_keyframe
        length_ms = now_ms - self._segment_ms
        if keyframe and (length_ms >= self.config.segment_min_ms or not begins_with_keyframe):
            self._close_part(now_ms)
            self._close_segment()
        elif self._part_is_full(now_ms - self._part_ms):
            self._close_part(now_ms)
            if length_ms + self._frame_ms > self.config.segment_max_ms:
                self._close_segment()
            # Players start only when one whole segment is listed: the very first is kept this short for them,
            # unless there are older ones.
            segment = self._segment
            if (
                not self._first_cut_done
                and segment is not None
                and len(segment.parts) >= _FIRST_SEGMENT_PARTS
            ):
                self._close_segment()

    def _part_is_full(self, length_ms: int) -> bool:
        """As near to the aim as whole pictures allow, and not below the 85 % that PART-TARGET promises."""
        # One picture does not tell yet how many there will be in a part.
        if not self.window.part_count and len(self._samples) < 2:
            return False
        return (
            length_ms >= 0.85 * self.window.part_target_ms
            and length_ms + self._frame_ms / 2 >= self.config.part_ms
        )

    @property
    def _begins_with_keyframe(self) -> bool:
        return bool(self._samples) and self._samples[0].keyframe

    def _close_part(self, end_ms: int, *, last: bool = False) -> None:
        """The part lasts until `end_ms`; one without a picture has sound, be it silence."""
        if end_ms <= self._part_ms:
            return
        video = VideoRun(self._run_ms, self._samples) if self._samples else None
        last = last or video is None
        audio = self._sound.take(end_ms, self._timeline, last=last) if self._sound is not None else None
        if video is None and audio is None:
            return
        self._sequence += 1
        data = fragment(self._sequence, video, audio)
        part = Part(data, end_ms - self._part_ms, self._begins_with_keyframe)
        if self._segment is None:
            self._segment = self._open_segment()
        self.window.add_part(part)
        self._part_ms = end_ms
        self._samples = []
        self.pending_bytes = 0

    def _fit_part_target(self, duration_ms: int) -> None:
        """Make PART-TARGET fit a whole number of pictures: at 12 a second, two. No part may be out yet."""
        window = self.window
        if window.part_count:
            return
        durations = sorted((duration_ms, *(sample.duration for sample in self._samples)))
        frame_ms = durations[(len(durations) - 1) // 2]
        length_ms = max(round(self.config.part_ms / frame_ms), 1) * frame_ms
        fits = 0.85 * self.config.part_target_ms <= length_ms <= self.config.part_target_ms
        # A millisecond more, as encoders round.
        window.part_target_ms = self.config.part_target_ms if fits else -(-(length_ms + 1) * 105 // 100)

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
