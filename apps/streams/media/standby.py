"""An encoder that stands by: heard like one on air, and ready to be it from its newest keyframe on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from apps.streams.media.codecs import AacConfig, AvcConfig
from apps.streams.media.config import MediaConfig
from apps.streams.media.packager import Packager
from apps.streams.media.ports import Clock

_STEADY_SECONDS = 1.0
"""Pictures that come farther apart are not steady."""
_MAX_SOUND_FRAMES = 1000


@dataclass(slots=True)
class _Picture:
    timestamp: int
    composition: int
    keyframe: bool
    data: memoryview
    wall_ms: int


class Standby:
    """Stands where the packager of a publisher on air does, and keeps its newest group of pictures with the
    sound to it; nothing of one that is larger than what may wait to be cut."""

    def __init__(self, config: MediaConfig, clock: Clock) -> None:
        self.config = config
        self._clock = clock
        self._settings: tuple[AvcConfig, AacConfig | None] | None = None
        self._pictures: list[_Picture] = []
        self._sound: deque[tuple[int, memoryview]] = deque(maxlen=_MAX_SOUND_FRAMES)
        self._size = 0
        self._heard_at = self._steady_since = clock.monotonic()

    # A publisher says

    def begin(self, video: AvcConfig, audio: AacConfig | None, *, wall_ms: int) -> None:
        """It starts, or has new codec settings; what it sends can be used from its next keyframe on."""
        self.finish()
        self._settings = video, audio

    def push_picture(
        self, timestamp: int, composition: int, keyframe: bool, data: memoryview, wall_ms: int
    ) -> None:
        """The next access unit in decode order."""
        now = self._clock.monotonic()
        if now - self._heard_at > _STEADY_SECONDS:
            self._steady_since = now
        self._heard_at = now
        if keyframe:
            self._forget()
        if keyframe or self._pictures:
            self._pictures.append(_Picture(timestamp, composition, keyframe, data, wall_ms))
            self._size += len(data)
            if self._size > self.config.pending_max_bytes:
                self._forget()

    def push_sound(self, timestamp: int, data: memoryview) -> None:
        """The next AAC frame."""
        self._sound.append((timestamp, data))

    def finish(self) -> None:
        """Nothing that came so far goes with what follows."""
        self._forget()
        self._steady_since = self._clock.monotonic()

    # The stream asks

    @property
    def steady_seconds(self) -> float:
        """For how long its pictures have come without a break; 0 while they don't."""
        now = self._clock.monotonic()
        return now - self._steady_since if now - self._heard_at <= _STEADY_SECONDS else 0.0

    @property
    def at_keyframe(self) -> bool:
        """Its newest picture is one to begin with."""
        return len(self._pictures) == 1

    def hand_over(self, packager: Packager) -> bool:
        """Let `packager` go on with what is kept; False when there is no keyframe to begin with.

        What came while the encoder before was still on air is decoded, but not shown again: it gets a
        millisecond a picture.
        """
        if self._settings is None or not self._pictures:
            return False
        pictures, shown_until = self._pictures, packager.wall_ms
        fresh = next((n for n, picture in enumerate(pictures) if picture.wall_ms >= shown_until), None)
        first = fresh if fresh is not None else len(pictures) - 1
        for number, picture in enumerate(pictures[:first]):
            picture.timestamp = (pictures[first].timestamp - (first - number)) & 0xFFFFFFFF
            picture.composition = pictures[first].composition
            picture.wall_ms = pictures[first].wall_ms - (first - number)
        packager.begin(*self._settings, wall_ms=pictures[0].wall_ms)
        for timestamp, data in self._sound:
            packager.push_sound(timestamp, data)
        for picture in pictures:
            packager.push_picture(
                picture.timestamp, picture.composition, picture.keyframe, picture.data, picture.wall_ms
            )
        self._forget()
        return True

    def _forget(self) -> None:
        self._pictures, self._size = [], 0
        self._sound.clear()
