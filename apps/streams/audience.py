"""What players tell of their playing, counted over all processes: a few numbers a stream, forgotten soon.

Anybody may tell anything, so it is for statistics and for nothing else. A browser counts once a SLOT; what it
tells is bounded before it comes here.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import redis
from django.core.cache import cache

from .vitals import Audience, Stalls

log = logging.getLogger(__name__)

SLOT = 15
"""Seconds: a player reports no more often."""
MOMENT = 5
"""Seconds: stalls this near to each other may have one cause."""
WINDOW = 60
MOST_STALLS = 10
_KEPT = WINDOW + 2 * SLOT


@dataclass(frozen=True, slots=True)
class Stall:
    """A viewer waited so long, and it began so long ago."""

    seconds_ago: float
    seconds: float


def note_playback(
    *, broadcast_id: uuid.UUID, viewer: str, stalls: Sequence[Stall], delay_ms: int | None
) -> bool:
    """Count one player's report; False when this browser's was counted a moment ago, or can't be kept."""
    now = time.time()
    name, slot = broadcast_id.hex, int(now // SLOT)
    try:
        if not cache.add(f"playback:{name}:{slot}:of:{viewer}", 1, 2 * SLOT):
            return False
        _count(f"playback:{name}:{slot}:reports")
        if delay_ms is not None:
            _count(f"playback:{name}:{slot}:delays")
            _count(f"playback:{name}:{slot}:delay", delay_ms)
        if stalls:
            _count(f"playback:{name}:{slot}:stalled")
        for moment in {int((now - stall.seconds_ago) // MOMENT) for stall in stalls[:MOST_STALLS]}:
            _count(f"playback:{name}:at:{moment}")
    except redis.RedisError as error:
        log.warning("Redis does not take players' reports: %s", error)
        return False
    return True


def next_report(watching: int) -> int:
    """In how many seconds a player that saw nothing special tells again: some five a second of any crowd."""
    return min(max(WINDOW, watching // 5), 900)


def audiences(watching: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, Audience]:
    """What was told of these streams in the last minute, given how many watch each of them."""
    now = time.time()
    slots = range(int((now - WINDOW) // SLOT), int(now // SLOT) + 1)
    moments = range(int((now - WINDOW - SLOT) // MOMENT), int(now // MOMENT) + 1)
    counts = cache.get_many(
        key for pk in watching for key in (*_slot_keys(pk, slots), *(_moment_key(pk, at) for at in moments))
    )
    return {pk: _audience(pk, counts, slots, moments, viewers) for pk, viewers in watching.items()}


_FIELDS = ("reports", "stalled", "delays", "delay")


def _slot_keys(pk: uuid.UUID, slots: Iterable[int]) -> list[str]:
    return [f"playback:{pk.hex}:{slot}:{field}" for slot in slots for field in _FIELDS]


def _moment_key(pk: uuid.UUID, moment: int) -> str:
    return f"playback:{pk.hex}:at:{moment}"


def _audience(
    pk: uuid.UUID, counts: Mapping[str, int], slots: range, moments: range, watching: int
) -> Audience:
    reports, stalled, delays, delay = (
        sum(counts.get(f"playback:{pk.hex}:{slot}:{field}", 0) for slot in slots) for field in _FIELDS
    )
    waited = ((at, counts.get(_moment_key(pk, at), 0)) for at in moments)
    return Audience(
        # Who waits tells it sooner than who does not: of a large audience only some have reported yet.
        reports=max(reports, watching) if reports else 0,
        stalled=stalled,
        stalls=tuple(Stalls((at + 0.5) * MOMENT, viewers) for at, viewers in waited if viewers),
        delay_ms=delay // delays if delays else None,
    )


def _count(key: str, by: int = 1) -> None:
    cache.add(key, 0, _KEPT)
    try:
        cache.incr(key, by)
    except ValueError:  # evicted between the two calls
        log.debug("%s was forgotten", key)
