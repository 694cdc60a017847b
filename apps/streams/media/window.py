"""The live window: the last segments and parts of a stream, in memory, those behind them in the recording,
and all who wait for the next one."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from apps.streams.media import lines
from apps.streams.media.codecs import AacConfig, AvcConfig
from apps.streams.media.config import MediaConfig
from apps.streams.media.fmp4 import init_segment
from apps.streams.media.names import RecordedSegment, recorded_as
from apps.streams.media.past import Past, recorded_past
from apps.streams.media.ports import Resume

_NEWEST = 3
"""Segments at the end that stay in memory, however heavy they are."""
_PART_TARGETS = 3
"""A part can be fetched for so many target durations after the playlist has dropped it (6.2.2)."""


FIRST_MSN = 1
"""Not 0: hls.js 1.7.4 takes the parts of segment 0 for evicted (`sn || -1`) and waits until segment 1 is
complete: a stall, and a second more of delay for everybody who was there from the start."""


@dataclass(slots=True)
class Part:
    """One moof + mdat. `independent`: it begins with a keyframe."""

    data: bytes
    duration_ms: int
    independent: bool


@dataclass(slots=True)
class Segment:
    """Parts between two cuts. `wall_ms` is the date of its first frame; `init` its init segment.

    `head`, `lines` (one a part) and `tail` are what the playlist says of it. `stored` turns true when the
    archive has it, and false when it never will.
    """

    msn: int
    start_ms: int
    wall_ms: int
    init: int
    discontinuity: bool
    head: bytes
    parts: list[Part] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    complete: bool = False
    duration_ms: int = 0
    size: int = 0
    tail: bytes = b""
    stored: bool | None = None

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.duration_ms += part.duration_ms
        self.size += len(part.data)

    @property
    def independent(self) -> bool:
        return bool(self.parts) and self.parts[0].independent


@dataclass(frozen=True, slots=True)
class Init:
    """An init segment and what it describes."""

    data: bytes
    video: AvcConfig | None
    audio: AacConfig


class LiveWindow:
    """What one stream offers to viewers right now. Belongs to one event loop; only the packager changes it.

    `epoch` is part of every file name: after a restart the numbers of a stream go on, and nobody may be
    served another process's bytes from a cache. With `rewinds` its segments are recorded, and stay in the
    playlist when they leave the memory: `past` has them. A segment leaves only when it can be read elsewhere.
    `lag_ms` is how much farther from its end than a source's players stay.
    """

    def __init__(
        self, config: MediaConfig, epoch: str, *, resume: Resume | None = None, rewinds: bool = False
    ) -> None:
        self.config = config
        self.epoch = epoch
        self.segments: deque[Segment] = deque()
        self.inits: dict[int, Init] = {}
        self.past = Past()
        self.next_msn = resume.next_msn if resume else FIRST_MSN
        self.discontinuity_sequence = resume.discontinuity_sequence if resume else 0
        self.part_target_ms = config.part_target_ms
        self.lag_ms = 0
        self.part_count = 0
        self.size = 0
        self.version = 0
        self.ended = False
        self.interrupted = False
        self.peak_bitrate = 0
        self._rewinds = rewinds and config.rewind_seconds > 0
        self._leaving: dict[int, Segment] = {}
        self._part_sizes: OrderedDict[int, tuple[int, list[int]]] = OrderedDict()
        self._longest_ms = 0
        self._init_count = 0
        self._last_init = -1
        self._listed_from = 0
        self._waiting: list[asyncio.Future[None]] = []
        if resume is not None and self._rewinds:
            self._recall(resume)

    # The packager's side

    def add_init(self, video: AvcConfig | None, audio: AacConfig) -> int:
        """Make an init segment available; the number to open segments with."""
        number = self._init_count
        self._init_count += 1
        self.inits[number] = Init(init_segment(video, audio), video, audio)
        return number

    def open_segment(self, *, start_ms: int, wall_ms: int, init: int, discontinuity: bool) -> Segment:
        new_map = self.init_id(init) if init != self._last_init else None
        self._last_init = init
        head = lines.head(wall_ms=wall_ms, discontinuity=discontinuity, new_map=new_map)
        segment = Segment(self.next_msn, start_ms, wall_ms, init, discontinuity, head)
        self.next_msn += 1
        self.segments.append(segment)
        return segment

    def add_part(self, part: Part) -> None:
        """Append to the open segment and wake everybody who waits."""
        segment = self.segments[-1]
        line = lines.part(
            epoch=self.epoch,
            msn=segment.msn,
            index=len(segment.parts),
            duration_ms=part.duration_ms,
            independent=part.independent,
        )
        segment.lines.append(line)
        segment.add(part)
        self.part_count += 1
        self.size += len(part.data)
        self._change()

    def close_segment(self) -> Segment:
        """The open segment is complete; old ones fall out of the window."""
        segment = self.segments[-1]
        segment.complete = True
        segment.tail = lines.tail(epoch=self.epoch, msn=segment.msn, duration_ms=segment.duration_ms)
        self.peak_bitrate = max(
            self.peak_bitrate, math.ceil(segment.size * 8000 / max(segment.duration_ms, 1))
        )
        self._slide()
        self._change()
        return segment

    def init_id(self, number: int) -> str:
        """The init segment's name among those of all processes."""
        return f"{self.epoch}-{number}"

    def recorded(self, segment: Segment) -> RecordedSegment:
        """The complete segment as the recording has it."""
        return recorded_as(segment, self.init_id(segment.init))

    def settle(self) -> None:
        """Let go of what the archive has by now; what it never will have becomes a gap first."""
        for segment in list(self._leaving.values()):
            if segment.stored is not None:
                del self._leaving[segment.msn]
            if segment.stored is False:
                self.past.lose(segment.msn)
                self.version += 1

    def set_interrupted(self, interrupted: bool) -> None:
        self.interrupted = interrupted
        self._change()

    def end(self) -> None:
        """No part will follow. Waiting requests are answered at once."""
        self.ended = True
        self._change()

    def drop(self) -> None:
        """Forget all media, at once."""
        self.segments.clear()
        self.past = Past()
        self._leaving.clear()
        self.inits.clear()
        self.size = 0
        self._listed_from = 0
        self._change()

    # The viewers' side

    @property
    def playable(self) -> bool:
        return bool(self.segments) and (self.ended or self.part_count >= self.config.parts_before_live)

    @property
    def open(self) -> Segment | None:
        """The segment that still grows, if it has a part already."""
        if self.segments and not self.segments[-1].complete:
            return self.segments[-1]
        return None

    @property
    def next_part(self) -> tuple[int, int]:
        """Sequence number and index of the part that comes next."""
        segment = self.open
        return (segment.msn, len(segment.parts)) if segment is not None else (self.next_msn, 0)

    @property
    def end_ms(self) -> int:
        """Where what can be fetched ends on the stream's timeline."""
        return self.segments[-1].start_ms + self.segments[-1].duration_ms if self.segments else 0

    def listed(self) -> list[Segment]:
        """The segments of the playlist that are in memory, oldest first, the open one last."""
        return [segment for segment in self.segments if segment.msn >= self._listed_from]

    def find(self, msn: int) -> Segment | None:
        """A segment still in memory."""
        if not self.segments or msn < self.segments[0].msn:
            return self._leaving.get(msn)
        index = msn - self.segments[0].msn
        return self.segments[index] if index < len(self.segments) else None

    def part_span(self, msn: int, index: int) -> tuple[int, int] | None:
        """First byte of a part that left the memory a moment ago, and the byte behind it, in its segment."""
        _, sizes = self._part_sizes.get(msn, (0, []))
        if index >= len(sizes):
            return None
        start = sum(sizes[:index])
        return start, start + sizes[index]

    def has(self, msn: int, part: int | None) -> bool:
        """Whether the playlist already contains that part (or, without one, that whole segment)."""
        if part is None:
            segment = self.find(msn)
            return msn < self.next_msn and (segment is None or segment.complete)
        if (msn, part) < self.next_part:
            segment = self.find(msn)
            # An index past the end of a complete segment means the first part of the following one.
            if segment is not None and segment.complete and part >= len(segment.parts):
                return self.next_part > (msn + 1, 0)
            return True
        return False

    def is_far_ahead(self, msn: int, part: int | None) -> bool:
        """Whether nobody who knows the playlist would ask for that yet: it lies more than two segments, or
        three seconds of parts, beyond its end (6.2.5.2)."""
        number, index = self.next_part
        last = number if index else number - 1
        limit = max(3, 3000 // self.part_target_ms)
        newest = index - 1 if msn == number else -1
        return msn > last + 2 or (msn >= number and part is not None and part > newest + limit)

    def next_change(self) -> asyncio.Future[None]:
        """Done at the next change, or at the next `wake` when nothing changes."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        return waiter

    def wake(self) -> None:
        """Let everybody who waits look again, and at the clock: one timer for all instead of one each."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _change(self) -> None:
        self.version += 1
        self.wake()

    def _slide(self) -> None:
        """Shorten memory and playlist to their configured lengths."""
        if self._rewinds:
            self._slide_into_past()
        else:
            self._slide_out()
        oldest = min(segment.init for segment in (*self.segments, *self._leaving.values()))
        for number in [number for number in self.inits if number < oldest]:
            del self.inits[number]

    def _slide_out(self) -> None:
        """What leaves the playlist stays in memory for as long as that was, and as its parts must be there:
        nobody else has it (6.2.2)."""
        listed = self.listed()
        total = sum(segment.duration_ms for segment in listed)
        self._longest_ms = max(self._longest_ms, total)
        for segment in listed[:-_NEWEST]:
            if total - segment.duration_ms < self.config.memory_ms:
                break
            total -= segment.duration_ms
            self._unlist(segment)
        # Parts are dropped a little late, when a picture has come that stood for long.
        parts_ms = (2 * _PART_TARGETS + 1) * self.config.target_duration * 1000
        kept_ms = max(self._longest_ms, parts_ms)
        since_ms = sum(segment.duration_ms for segment in self.segments)
        while (oldest := self.segments[0]).msn < self._listed_from:
            since_ms -= oldest.duration_ms
            if since_ms <= oldest.duration_ms + kept_ms:
                break
            self._forget_oldest()
        while self.size > self.config.window_max_bytes and len(self.segments) > _NEWEST:
            self._forget_oldest()

    def _slide_into_past(self) -> None:
        """What leaves the memory stays in the playlist."""
        total = sum(segment.duration_ms for segment in self.segments)
        while len(self.segments) > _NEWEST and (
            total - self.segments[0].duration_ms >= self.config.memory_ms
            or self.size > self.config.window_max_bytes
        ):
            segment = self.segments.popleft()
            total -= segment.duration_ms
            self.size -= segment.size
            self._leaving[segment.msn] = segment
            self._keep_part_sizes(segment)
            self.past.add(self.recorded(segment), segment.head + segment.tail)
        self.settle()
        self._shorten_past(round(self.config.rewind_seconds * 1000) - total)

    def _keep_part_sizes(self, segment: Segment) -> None:
        kept, sizes = self._part_sizes, [len(part.data) for part in segment.parts]
        kept[segment.msn] = segment.duration_ms, sizes
        total = sum(duration for duration, _ in kept.values())
        while total - next(iter(kept.values()))[0] >= _PART_TARGETS * self.config.target_duration * 1000:
            total -= kept.popitem(last=False)[1][0]

    def _shorten_past(self, length_ms: int) -> None:
        # As long as the longest playlist was, which lists all that is in memory, however little is asked for.
        kept_ms = max(round(self.config.rewind_seconds * 1000), self.config.memory_ms)
        for segment in self.past.shorten(max(length_ms, 0), kept_ms=kept_ms):
            self.discontinuity_sequence += segment.discontinuity

    def _recall(self, resume: Resume) -> None:
        """Begin with what was recorded before this process.

        The loop waits meanwhile, so what nobody can go back to is not looked at, however long that is.
        """
        rewind_ms = round(self.config.rewind_seconds * 1000)
        known: list[RecordedSegment] = []
        length_ms = 0
        for segment in reversed(resume.recorded):
            if length_ms > rewind_ms + self.config.memory_ms:
                break
            if segment.epoch:
                known.append(segment)
                length_ms += segment.duration_ms
        known.reverse()
        init = ""
        for segment in recorded_past(known, next_msn=resume.next_msn):
            new_map = segment.init if segment.init != init else None
            init = segment.init
            before = lines.head(wall_ms=segment.wall_ms, discontinuity=segment.discontinuity, new_map=new_map)
            behind = lines.tail(
                epoch=segment.epoch,
                msn=segment.msn,
                duration_ms=segment.duration_ms,
                lost=not segment.name,
            )
            self.discontinuity_sequence -= segment.discontinuity
            self.past.add(segment, before + behind)
        self._shorten_past(rewind_ms)

    def _unlist(self, segment: Segment) -> None:
        self._listed_from = segment.msn + 1
        self.discontinuity_sequence += segment.discontinuity

    def _forget_oldest(self) -> None:
        segment = self.segments.popleft()
        self.size -= segment.size
        if segment.msn >= self._listed_from:
            self._unlist(segment)
