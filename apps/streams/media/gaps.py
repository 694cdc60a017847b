"""Where a recording has no picture, read from the names of its segments: so it is known after any crash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from apps.streams.media.names import RecordedSegment

SHORTEST_GAP_MS = 1000
"""What is shorter is a hiccup, or one encoder's clock against another's."""


@dataclass(frozen=True, slots=True)
class Gap:
    """`wall_ms` is the date at which the picture stopped, `duration_ms` how long nothing came; `position_ms`
    is where in the video that is, as its playlist counts."""

    wall_ms: int
    duration_ms: int
    position_ms: int


def find_gaps(segments: Sequence[RecordedSegment]) -> Iterator[Gap]:
    """The gaps between `segments`, which are in playing order, by their dates."""
    position = 0
    for before, after in pairwise(segments):
        position += before.duration_ms
        ended = before.wall_ms + before.duration_ms
        if after.wall_ms - ended >= SHORTEST_GAP_MS:
            yield Gap(ended, after.wall_ms - ended, position)
        position += hole_before(after, before)[1]


def hole_before(segment: RecordedSegment, previous: RecordedSegment) -> tuple[int, int]:
    """How many segments between these two the archive never got, and their milliseconds on the timeline; none
    where a discontinuity hides them."""
    count = segment.msn - previous.msn - 1
    hole = segment.start_ms - previous.end_ms
    return (count, hole) if count > 0 and hole > 0 and not segment.discontinuity else (0, 0)
