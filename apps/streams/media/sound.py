"""The sound of a stream: AAC frames waiting to be cut into parts."""

from __future__ import annotations

from collections import deque

from apps.streams.media.codecs import AacConfig, read_aac, silence
from apps.streams.media.fmp4 import AudioRun
from apps.streams.media.timeline import Timeline

SILENT = read_aac(bytes.fromhex("1190"))
"""AAC-LC, 48 kHz, stereo: the track of a stream without sound."""

_SOUND_TOLERANCE = 8
"""Sound may be off by 1/8 s before frames are dropped or silence is put in."""
_SOUND_PATIENCE = 100
"""So many frames in a row far from the picture mean that the encoder runs two clocks; or a few times as many
when others between them are in place, each of which takes back a third of one."""
_TOO_EARLY_MS = 2500
_TOO_LATE_MS = 5000
"""Sound this far from the picture tells that one of their clocks is wrong. Of what is early more is waited
for, and it keeps what follows from being heard."""
_LATE_SOUND_MS = 600
"""Sound this late is not waited for."""
_MAX_WAITING_FRAMES = 1000
"""Some 20 s of sound without a picture to go with it."""


class Sound:
    """The sound of one publisher, waiting for its part; frames are counted, not timed.

    Holes are filled with silence, because players stop at a hole in either track; and an encoder without
    sound gets a silent track, because browsers cannot add or drop a track when the next encoder of the same
    stream differs.
    """

    def __init__(self, config: AacConfig | None, start_ms: int) -> None:
        self.is_silent = config is None
        self.config = config or SILENT
        self._start_ms = start_ms
        self._next = -(-start_ms * self.config.sample_rate // 1000)
        self._started = False
        self._queue: deque[tuple[int, memoryview]] = deque()
        self._silence = silence(self.config)
        self._skew_ms = 0
        self._far = 0

    @property
    def end_ms(self) -> int:
        return -(-self._next * 1000 // self.config.sample_rate)

    def push(self, timestamp: int, data: memoryview) -> None:
        self._queue.append((timestamp, data))
        if len(self._queue) > _MAX_WAITING_FRAMES:
            self._queue.popleft()

    def forget_waiting(self) -> None:
        self._queue.clear()

    def take(self, end_ms: int, timeline: Timeline, *, last: bool) -> AudioRun | None:
        """The frames that start before `end_ms`, without a hole; the `last` run reaches `end_ms`."""
        run = AudioRun(self._next, self.config.frame_samples, [])
        while self._queue:
            timestamp, data = self._queue[0]
            time_ms = timeline.place_sound(timestamp) + self._skew_ms
            if not -_TOO_LATE_MS < time_ms - end_ms < _TOO_EARLY_MS or self._is_late(time_ms):
                self._realign(end_ms - time_ms)
            elif time_ms >= end_ms or not self._place(time_ms, data, run):
                break
            else:
                self._far = max(self._far - 1, 0)
            self._queue.popleft()
        waited_ms = 0 if last or self.is_silent else _LATE_SOUND_MS
        # What is queued may be of later: a part that has nothing but sound must have some.
        is_hole = not self._queue or (last and not run.frames)
        if is_hole and end_ms - self.end_ms > waited_ms:
            self._fill(self._position(end_ms - waited_ms // 2), run)
        return run if run.frames else None

    def _is_late(self, time_ms: int) -> bool:
        """Its place is taken."""
        tolerance = self.config.sample_rate // _SOUND_TOLERANCE
        return self._started and self._position(time_ms) < self._next - tolerance

    def _place(self, time_ms: int, data: memoryview, run: AudioRun) -> bool:
        """Add a frame; False: it must wait for the next part, behind a hole."""
        position = self._position(time_ms)
        tolerance = self.config.sample_rate // _SOUND_TOLERANCE
        if not self._started:
            # Both tracks begin together: players skip, or stop at, what only one of them covers.
            if time_ms < self._start_ms:
                return True
            self._started = True
            tolerance = self.config.frame_samples // 2
            if position < self._next - tolerance:
                return True
        if position > self._next + tolerance and not self._fill(position, run):
            return False
        run.frames.append(data)
        self._next += self.config.frame_samples
        return True

    def _position(self, time_ms: int) -> int:
        return time_ms * self.config.sample_rate // 1000

    def _fill(self, position: int, run: AudioRun) -> bool:
        """Silence to the nearest frame; where no silent frame is known the hole stays, between two runs."""
        self._started = True
        if self._silence is not None:
            size = self.config.frame_samples
            count = (max(position - self._next, 0) + size // 2) // size
            run.frames.extend([self._silence] * count)
            self._next += count * size
        elif run.frames:
            return False
        else:
            run.start = self._next = position
        return True

    def _realign(self, error_ms: int) -> None:
        """Sound from before a jump is dropped, as is what comes too late; where nothing else comes, the two
        clocks have parted, and the sound's is aligned."""
        self._far += 3
        if self._far >= 3 * _SOUND_PATIENCE:
            self._far = 0
            self._skew_ms += error_ms
