"""The renditions of a live stream: windows beside the source's, cut where it is cut.

A transcoder takes the source part by part and brings each part back in other sizes, under the same numbers.
When a segment begins, its place in time is copied from the source's, so a player changes between them without
asking. A rendition is offered only while it keeps up; the source knows nothing of all this.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from apps.streams.media.codecs import AacConfig, AvcConfig
from apps.streams.media.config import MediaConfig
from apps.streams.media.listing import Listing
from apps.streams.media.window import LiveWindow, Part, Segment

_NAME = re.compile(r"[0-9a-z]{1,16}\Z")
_MOST = 8


class OutOfStep(Exception):
    """A part that is not the next one, or of which the source knows nothing: the transcoder begins anew."""


class Rendition:
    """One window that follows the source's."""

    def __init__(
        self,
        name: str,
        source: LiveWindow,
        config: MediaConfig,
        *,
        epoch: str,
        video: AvcConfig | None,
        audio: AacConfig,
    ) -> None:
        self.name = name
        self.config = config
        self.window = LiveWindow(config, epoch)
        self.window.part_target_ms = source.part_target_ms
        # Whoever plays it stays so much farther from the edge that a part of it is there when it is due.
        self.window.lag_ms = config.rendition_lag_ms
        self.listing = Listing(self.window)
        self.is_lost = False
        self._source = source
        self._init = self.window.add_init(video, audio)
        self._in_step = False

    @property
    def behind_ms(self) -> int:
        """How much of the source it does not have yet."""
        source = self._source.end_ms
        return max(source - self.window.end_ms, 0) if self.window.segments else source

    @property
    def is_offered(self) -> bool:
        """Whether a viewer who comes now should take it: it has a whole segment, and keeps up."""
        if self.is_lost or not self.window.playable or not any(s.complete for s in self.window.segments):
            return False
        limit = self.config.rendition_behind_ms if self._in_step else self.config.rendition_lag_ms
        return self.behind_ms <= limit

    def judge(self) -> None:
        """Once out of step it must be as near as it should be to be offered again: no to and fro."""
        if self._in_step == self.is_offered:
            return
        self._in_step = not self._in_step
        self.window.wake()

    def add_part(self, msn: int, index: int, data: bytes) -> None:
        """The rendition of the source's part `index` in segment `msn`. Raises OutOfStep."""
        theirs = self._source.find(msn)
        if theirs is None or index >= len(theirs.parts) or not self._continues(msn, index):
            raise OutOfStep(f"{self.name}: part {index} of segment {msn} does not follow")
        if index == 0:
            self._open(theirs)
        part = theirs.parts[index]
        self.window.add_part(Part(data, part.duration_ms, part.independent))
        self._close_with(theirs)
        self.judge()

    def _continues(self, msn: int, index: int) -> bool:
        if not self.window.segments:
            return index == 0
        ours = self.window.segments[-1]
        if (ours.msn, len(ours.parts)) == (msn, index):
            return not ours.complete
        self._close_with(self._source.find(ours.msn))
        return ours.complete and (msn, index) == (ours.msn + 1, 0)

    def _open(self, theirs: Segment) -> None:
        if not self.window.segments:
            self.window.discontinuity_sequence = _breaks_before(self._source, theirs.msn)
        self.window.next_msn = theirs.msn
        self.window.open_segment(
            start_ms=theirs.start_ms,
            wall_ms=theirs.wall_ms,
            init=self._init,
            discontinuity=theirs.discontinuity,
        )

    def _close_with(self, theirs: Segment | None) -> None:
        """Close the open segment when the source's is closed and all its parts are here."""
        ours = self.window.open
        if ours and theirs and theirs.complete and len(ours.parts) == len(theirs.parts):
            self.window.close_segment()


class Ladder:
    """All renditions of one stream. At any time one transcoder makes them; a newer one begins anew."""

    def __init__(self, source: LiveWindow, config: MediaConfig) -> None:
        self.source = source
        self.config = config
        self.renditions: dict[str, Rendition] = {}
        self.transcoder: str | None = None
        self._leaving = asyncio.Event()

    @contextmanager
    def held_by(self, transcoder: str) -> Iterator[asyncio.Event]:
        """As long as this lasts, `transcoder` makes the renditions; then they are lost. An older one gets the
        event set: it is over, and so is what it made."""
        self._leaving.set()
        self.clear()
        self.transcoder, self._leaving = transcoder, asyncio.Event()
        leaving = self._leaving
        try:
            yield leaving
        finally:
            if self._leaving is leaving:  # else a newer one has it
                self.clear()
                self.transcoder = None

    def begin(self, name: str, *, epoch: str, video: AvcConfig | None, audio: AacConfig) -> Rendition:
        """A new rendition of that name, empty yet; one that there was is lost. ValueError for a bad name."""
        if not _NAME.match(name):
            raise ValueError("a rendition's name is 1 to 16 of a-z 0-9")
        if len(self.renditions) >= _MOST and name not in self.renditions:
            raise ValueError(f"a stream has at most {_MOST} renditions")
        if (older := self.renditions.pop(name, None)) is not None:
            _lose(older)
        rendition = Rendition(name, self.source, self.config, epoch=epoch, video=video, audio=audio)
        self.renditions[name] = rendition
        return rendition

    def offered(self) -> list[Rendition]:
        """Those that keep up, the largest first; without a picture last."""
        kept = [rendition for rendition in self.renditions.values() if rendition.is_offered]
        return sorted(kept, key=lambda rendition: -rendition.window.peak_bitrate)

    def judge(self) -> None:
        """The source went on: whoever waits for a rendition that fell behind hears so now."""
        for rendition in self.renditions.values():
            rendition.judge()

    def set_interrupted(self, interrupted: bool) -> None:
        for rendition in self.renditions.values():
            rendition.window.set_interrupted(interrupted)

    def end(self) -> None:
        """The source has ended, and they with it: a part or two that are under way are left out."""
        for rendition in self.renditions.values():
            if rendition.window.open is not None:
                rendition.window.close_segment()
            rendition.window.end()

    def settle(self) -> None:
        """Once a second: let those who wait look at the clock."""
        for rendition in self.renditions.values():
            rendition.judge()
            rendition.window.wake()

    def clear(self) -> None:
        """Nobody makes them any more."""
        if not self.source.ended:  # else they have ended with it, and linger as it does
            self.drop()

    def drop(self) -> None:
        """Forget all media, at once."""
        for rendition in self.renditions.values():
            _lose(rendition)
        self.renditions.clear()


def _lose(rendition: Rendition) -> None:
    rendition.is_lost = True
    rendition.window.drop()


def _breaks_before(source: LiveWindow, msn: int) -> int:
    """The source's discontinuities up to the segment before `msn`."""
    past = sum(segment.discontinuity for segment in source.past.listed if segment.msn < msn)
    in_memory = sum(segment.discontinuity for segment in source.listed() if segment.msn < msn)
    return source.discontinuity_sequence + past + in_memory
