"""Lays the clocks of successive encoders onto one stream timeline that only ever goes forward."""

from __future__ import annotations

_FORWARD_JUMP_MS = 2000
_BACKWARD_JUMP_MS = 500


class Timeline:
    """One publisher's clock. The picture leads: sound is placed by the same offset.

    Encoder timestamps are milliseconds modulo 2**32 and not to be trusted: small steps back are flattened,
    large jumps in either direction are taken out, also those made of small steps, so that decode times rise
    by at least 1 ms a frame and no gap is longer than 2 s.
    """

    def __init__(self, origin_ms: int) -> None:
        self._origin = origin_ms
        self._started = False
        self._raw = 0
        self._true = 0
        self._last = origin_ms - 1

    def jumps(self, timestamp: int) -> bool:
        """Whether the next picture's clock has nothing to do with the last one's (a discontinuity)."""
        step = _difference(timestamp, self._raw)
        return self._started and (
            step > _FORWARD_JUMP_MS
            or step < -_BACKWARD_JUMP_MS
            or self._true + step < self._last - _BACKWARD_JUMP_MS
        )

    def place_picture(self, timestamp: int) -> int:
        """Stream time of the next picture in decode order."""
        if not self._started:
            self._started = True
            self._true = self._origin
        else:
            self._true += _difference(timestamp, self._raw)
        self._raw = timestamp
        self._last = max(self._true, self._last + 1)
        return self._last

    def place_sound(self, timestamp: int) -> int:
        """Stream time of a sound frame, as far as the newest picture tells; may lie before the origin."""
        return self._true + _difference(timestamp, self._raw)


def _difference(later: int, earlier: int) -> int:
    """Signed distance of two 32-bit clocks that may have wrapped around (every 49.7 days)."""
    return ((later - earlier + 0x80000000) & 0xFFFFFFFF) - 0x80000000
