"""Cuts the pictures of one rendition into the source's parts, and puts the source's sound beside them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from apps.streams.media.fmp4 import AudioRun, VideoRun, VideoSample, fragment
from apps.streams.media.transcoding.fragments import read_fragment

_UNDER_WAY = 2


class NoKeyframe(Exception):
    """Where the source has a keyframe the encoder made none: nobody could change to the rendition there."""


@dataclass(frozen=True, slots=True)
class Place:
    """One part of the source: where it stands, when it is shown, and its sound.

    `last_ms` is when its last picture is shown, where that is known before the next part is there; `end_ms`
    when that one ends, which may be later than the part does.
    """

    msn: int
    index: int
    start_ms: int
    end_ms: int
    last_ms: int | None
    keyframe: bool
    audio: AudioRun | None
    since: float
    """When it came, in monotonic seconds."""


class Places:
    """Makes places of the source's parts.

    A picture is encoded under the time at which it is shown, the source is cut by decode times. Between them
    lies what its keyframes are late by, so that parts begin with the same pictures.
    """

    def __init__(self) -> None:
        self._late_ms = 0

    def place(self, data: bytes, *, msn: int, index: int, start: int, keyframe: bool) -> Place:
        """The next part; ValueError when its bytes are none."""
        part = read_fragment(data)
        if keyframe:
            self._late_ms = part.first_offset_ms
        start_ms = start + self._late_ms
        last_ms = part.shown_ms[-1] if part.shown_ms and not part.reorders else None
        end_ms = part.end_ms + self._late_ms
        return Place(msn, index, start_ms, end_ms, last_ms, keyframe, part.audio, time.monotonic())


class Cutter:
    """One rendition's parts. Places come from one thread, pictures from another; `deliver` hears of every
    part in the second, and may raise."""

    def __init__(self, deliver: Callable[[Place, bytes], None]) -> None:
        self._deliver = deliver
        self._places: deque[Place] = deque()
        self._lock = threading.Lock()
        self._pictures: list[tuple[int, bool, memoryview]] = []
        self._sequence = 0
        self._delivered_at = float("-inf")

    def expect(self, place: Place) -> None:
        """The source has this part: its pictures will come."""
        with self._lock:
            self._places.append(place)

    @property
    def lag(self) -> float:
        """Seconds that the oldest part has been waited for. The newest ones are not late: an encoder that
        reorders pictures and goes away leaves them incomplete."""
        return self._seconds_since(float("-inf"))

    @property
    def standstill(self) -> float:
        """Seconds in which a part was late and none was delivered."""
        return self._seconds_since(self._delivered_at)

    def _seconds_since(self, moment: float) -> float:
        with self._lock:
            is_late = len(self._places) > _UNDER_WAY
            return time.monotonic() - max(self._places[0].since, moment) if is_late else 0.0

    def on_picture(self, shown_ms: int, keyframe: bool, data: memoryview) -> None:
        """The next picture in the order in which they are shown."""
        while (following := self._at(1)) is not None and shown_ms >= following.start_ms:
            self._close(shown_ms)
        place = self._at(0)
        if place is None or shown_ms < place.start_ms:
            return  # from before the first part
        if place.keyframe and not self._pictures and not keyframe:
            raise NoKeyframe(f"segment {place.msn}")
        self._pictures.append((shown_ms, keyframe, data))
        if place.last_ms is not None and shown_ms >= place.last_ms:
            self._close(place.end_ms)

    def _at(self, index: int) -> Place | None:
        with self._lock:
            return self._places[index] if index < len(self._places) else None

    def _close(self, end_ms: int) -> None:
        """Deliver the oldest part; its last picture ends at `end_ms`."""
        with self._lock:
            place = self._places[0]
        pictures, self._pictures = self._pictures, []
        ends = [*(shown_ms for shown_ms, _, _ in pictures[1:]), end_ms]
        samples = [
            VideoSample(data, max(end - shown_ms, 1), 0, keyframe)
            for (shown_ms, keyframe, data), end in zip(pictures, ends, strict=False)
        ]
        video = VideoRun(pictures[0][0], samples) if pictures else None
        self._sequence += 1
        self._deliver(place, fragment(self._sequence, video, place.audio))
        # Only now: until then it is waited for.
        with self._lock:
            self._places.popleft()
        self._delivered_at = time.monotonic()
