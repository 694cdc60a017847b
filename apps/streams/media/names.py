"""Names of recorded files, from which a recording's playlist can be rebuilt by listing alone.

`{msn}_{start ms}_{duration ms}_{wall ms}_{bytes}_{init}_{flags}.m4s`, `init` being `{epoch}-{number}` and the
flags `k` (begins with a keyframe), `d` (begins after a discontinuity) or `-`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.streams.media.window import Segment

_NAME = re.compile(
    r"(?P<msn>\d{7,})_(?P<start>\d+)_(?P<duration>\d+)_(?P<wall>\d+)_(?P<size>\d+)_(?P<init>[0-9a-z]+(?:-\d+)?)_(?P<flags>[kd]+|-)\.m4s\Z"
)


@dataclass(frozen=True, slots=True)
class RecordedSegment:
    """What the name of a recorded segment says; without a name its bytes are lost."""

    name: str
    msn: int
    start_ms: int
    duration_ms: int
    wall_ms: int
    size: int
    init: str
    independent: bool
    discontinuity: bool

    @property
    def epoch(self) -> str:
        """That of the process which made it."""
        return self.init.rpartition("-")[0]

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.duration_ms


def recorded_as(segment: Segment, init: str) -> RecordedSegment:
    """A finished segment, named for the archive."""
    flags = "k" * segment.independent + "d" * segment.discontinuity or "-"
    times = f"{segment.start_ms}_{segment.duration_ms}_{segment.wall_ms}"
    return RecordedSegment(
        name=f"{segment.msn:07d}_{times}_{segment.size}_{init}_{flags}.m4s",
        msn=segment.msn,
        start_ms=segment.start_ms,
        duration_ms=segment.duration_ms,
        wall_ms=segment.wall_ms,
        size=segment.size,
        init=init,
        independent=segment.independent,
        discontinuity=segment.discontinuity,
    )


def init_name(init: str) -> str:
    return f"init_{init}.mp4"


def newest_names(names: Sequence[str], *, after_ms: int) -> list[str]:
    """Those of `names` whose segments begin after `after_ms`, and the newest with a keyframe in any case.

    They are looked at from the end: of a long recording, few.
    """
    found: list[str] = []
    has_keyframe = False
    for name in sorted(names, reverse=True):
        match = _NAME.match(name)
        if match is None:
            continue
        if has_keyframe and int(match["start"]) <= after_ms:
            break
        found.append(name)
        has_keyframe = has_keyframe or "k" in match["flags"]
    return found


def read_names(names: Sequence[str]) -> list[RecordedSegment]:
    """The recorded segments among `names` in playing order; where two nodes overlapped, the earlier stay."""
    found = []
    for name in names:
        match = _NAME.match(name)
        if match is not None:
            msn, start, duration, wall, size = map(
                int, match.group("msn", "start", "duration", "wall", "size")
            )
            init, flags = match["init"], match["flags"]
            found.append(
                RecordedSegment(name, msn, start, duration, wall, size, init, "k" in flags, "d" in flags)
            )
    found.sort(key=lambda segment: (segment.msn, segment.wall_ms))
    kept: list[RecordedSegment] = []
    for segment in found:
        if not kept or (
            segment.msn > kept[-1].msn and segment.start_ms >= kept[-1].start_ms + kept[-1].duration_ms
        ):
            kept.append(segment)
    return kept
