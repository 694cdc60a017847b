"""Whose fault a stall is: what players report, laid beside what the node saw at that time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from apps.streams.media import Sample

_BEFORE, _AFTER = 5.0, 6.0
"""Seconds around a stall in which its cause lies: a player has some media left when the cause comes, and
reports are collected over five seconds."""
_GAP_MS = 400
_LAG_MS = 250
_MANY = 5


class Fault(StrEnum):
    """Where on the way from the camera to the eye something went wrong."""

    ENCODER = "encoder"
    NETWORK = "network"
    SERVER = "server"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Stalls:
    """Stalls of one moment: so many viewers had to wait."""

    at: float
    viewers: int


@dataclass(frozen=True, slots=True)
class Audience:
    """What players told of the last minute: how many did, how many of them had to wait, and when."""

    reports: int = 0
    stalled: int = 0
    stalls: tuple[Stalls, ...] = ()
    delay_ms: int | None = None
    """From the ingest to the eye, on average."""

    def fault(self, samples: Iterable[Sample]) -> Fault | None:
        """What most waiting was due to; None when nobody waited."""
        samples = list(samples)
        votes: Counter[Fault] = Counter()
        for moment in self.stalls:
            votes[blame(moment, self.reports, samples)] += moment.viewers
        return votes.most_common(1)[0][0] if votes else None


NOBODY = Audience()


def blame(moment: Stalls, reports: int, samples: Iterable[Sample]) -> Fault:
    """The fault behind the stalls of one moment, given who else reported and what the node measured."""
    around = [one for one in samples if moment.at - _BEFORE <= one.at <= moment.at + _AFTER]
    # First ourselves: a node that is late makes pictures look late that came in time.
    if any(one.lag_ms >= _LAG_MS for one in around):
        return Fault.SERVER
    if any(one.session_id is None for one in around):
        return Fault.ENCODER
    held_up = [one for one in around if one.gap_ms >= _GAP_MS or one.since_picture_ms >= _GAP_MS]
    if held_up:
        # Pictures that were made meanwhile come in a burst, their timestamps without a gap.
        made_none = sum(one.gap_step_ms >= 0.7 * one.gap_ms for one in held_up if one.gap_ms >= _GAP_MS)
        return Fault.ENCODER if made_none * 2 >= len(held_up) else Fault.NETWORK
    if around and max(one.late_max_ms for one in around) - min(one.late_min_ms for one in around) >= _GAP_MS:
        return Fault.NETWORK
    # All was well on the way in. One who waits alone has a slow line; many at once wait for us.
    if moment.viewers >= _MANY and moment.viewers * 2 >= reports:
        return Fault.SERVER
    return Fault.VIEWER
