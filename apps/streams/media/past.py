"""What viewers can rewind to: segments that left the memory, as the playlist lists them and the archive names
them. Some hundred bytes each; two hours of them are two or three megabytes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from apps.streams.media import lines
from apps.streams.media.names import RecordedSegment

_SHORT_GAP_MS = 100
"""Each number that a restart left out. How long it really lasted, the date behind it tells."""


class Past:
    """Segments with consecutive numbers, oldest first; the live window continues them.

    What the playlist no longer lists can still be fetched for a while: players may hold a playlist that has
    it (6.2.2).
    """

    def __init__(self) -> None:
        self.listed: deque[RecordedSegment] = deque()
        self.duration_ms = 0
        self.dependent = 0
        self.inits: Counter[str] = Counter()
        self._texts: deque[bytes] = deque()
        self._text: bytes | None = None
        self._unlisted: deque[RecordedSegment] = deque()
        self._unlisted_ms = 0

    @property
    def ends_at_ms(self) -> int:
        """The date at which the newest one ended; 0 when there is none."""
        return self.listed[-1].wall_ms + self.listed[-1].duration_ms if self.listed else 0

    def add(self, segment: RecordedSegment, text: bytes) -> None:
        """The next one; `text` are its lines."""
        self.listed.append(segment)
        self.duration_ms += segment.duration_ms
        self.dependent += not segment.independent
        self.inits[segment.init] += 1
        self._texts.append(text)
        self._text = None

    def lose(self, msn: int) -> None:
        """The archive did not take it: the playlist must say so before a player asks."""
        if not self.listed or not 0 <= (index := msn - self.listed[0].msn) < len(self.listed):
            return
        segment = self.listed[index]
        self.listed[index] = replace(segment, name="")
        extinf = lines.tail(epoch=segment.epoch, msn=msn, duration_ms=segment.duration_ms)
        gap = lines.tail(epoch=segment.epoch, msn=msn, duration_ms=segment.duration_ms, lost=True)
        self._texts[index] = self._texts[index].replace(extinf, gap)
        self._text = None

    def shorten(self, length_ms: int, *, kept_ms: int) -> list[RecordedSegment]:
        """List at least `length_ms`, if there is that much, and no gap first; what is listed no more.

        Of that, `kept_ms` can still be fetched.
        """
        dropped = []
        while self.listed and (
            not self.listed[0].name or self.duration_ms - self.listed[0].duration_ms >= length_ms
        ):
            segment = self.listed.popleft()
            self._texts.popleft()
            self._text = None
            self.duration_ms -= segment.duration_ms
            self.dependent -= not segment.independent
            self._unlisted.append(segment)
            self._unlisted_ms += segment.duration_ms
            dropped.append(segment)
        while self._unlisted and self._unlisted_ms > kept_ms:
            segment = self._unlisted.popleft()
            self._unlisted_ms -= segment.duration_ms
            self.inits[segment.init] -= 1
            if not self.inits[segment.init]:
                del self.inits[segment.init]
        return dropped

    def find(self, epoch: str, msn: int) -> RecordedSegment | None:
        """A segment that can be read from the archive, by its address."""
        for segments in (self.listed, self._unlisted):
            if segments and 0 <= (index := msn - segments[0].msn) < len(segments):
                segment = segments[index]
                return segment if segment.name and segment.epoch == epoch else None
        return None

    def text(self, skipped: int) -> bytes:
        """The lines of all but the first `skipped`."""
        if skipped >= len(self.listed):
            return b""
        if skipped:
            return self._join(skipped)
        if self._text is None:
            self._text = self._join(0)
        return self._text

    def _join(self, skipped: int) -> bytes:
        first = self.listed[skipped]
        opening = lines.opening(self._texts[skipped], wall_ms=first.wall_ms, init=first.init)
        return b"".join((opening, *islice(self._texts, skipped, None)))


def recorded_past(segments: Sequence[RecordedSegment], *, next_msn: int) -> Iterator[RecordedSegment]:
    """`segments` in playing order, up to `next_msn`, with a lost one for each number that is missing."""
    for index, segment in enumerate(segments):
        yield segment
        after = segments[index + 1] if index + 1 < len(segments) else None
        count = (after.msn if after else next_msn) - segment.msn - 1
        if count > 0:
            hole = after.start_ms - segment.end_ms if after and not after.discontinuity else 0
            yield from _gaps(segment, count, hole if hole >= count else count * _SHORT_GAP_MS)


def _gaps(before: RecordedSegment, count: int, total_ms: int) -> Iterator[RecordedSegment]:
    for number in range(count):
        start, end = (total_ms * at // count for at in (number, number + 1))
        yield RecordedSegment(
            name="",
            msn=before.msn + 1 + number,
            start_ms=before.end_ms + start,
            duration_ms=end - start,
            wall_ms=before.wall_ms + before.duration_ms + start,
            size=0,
            init=before.init,
            independent=True,
            discontinuity=False,
        )
