"""Brings the packets of one connection in order, and knows which are missing (the draft, 4.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from apps.streams.media.srt.packets import SEQUENCE_MASK, SrtError

_HALF = 1 << 30
_NEVER = float("inf")


class Receiver:
    """Sequence numbers in here do not wrap. Times are monotonic seconds, and given by the caller.

    What is in order is delivered at once: whatever else has to be smooth has clocks of its own. A missing
    packet is waited for `latency` seconds from when it was missed, then given up (too-late packet drop,
    4.6); after that `on_gap` is called before the next delivery.
    """

    def __init__(
        self,
        first: int,
        *,
        window: int,
        latency: float,
        deliver: Callable[[bytes], None],
        on_gap: Callable[[], None],
    ) -> None:
        self.next = first
        """All before it have been delivered or given up; what an ACK tells."""
        self.received = 0
        self.missed = 0
        self.recovered = 0
        self.given_up = 0
        self._window = window
        self._latency = latency
        self._deliver = deliver
        self._on_gap = on_gap
        self._top = first
        self._early: dict[int, bytes] = {}
        self._missing: dict[int, float] = {}
        """Since when; ascending, because the top only rises."""

    @property
    def room(self) -> int:
        """How many more packets can be kept."""
        return self._window - len(self._early)

    @property
    def is_complete(self) -> bool:
        return not self._missing

    def take(self, sequence: int, payload: bytes, now: float) -> tuple[int, int] | None:
        """A packet came. Returns the first and last that it shows to be missing, when it does.

        SrtError for one that is further ahead than the window.
        """
        offset = ((sequence - self.next + _HALF) & SEQUENCE_MASK) - _HALF
        index = self.next + offset
        if offset < 0:
            return None  # it came twice, or too late
        if offset >= self._window:
            raise SrtError("a packet far ahead of the window")
        fresh = None
        if index >= self._top:
            if index > self._top:
                fresh = (self._top, index - 1)
                self._missing.update(dict.fromkeys(range(self._top, index), now))
                self.missed += index - self._top
            self._top = index + 1
        elif self._missing.pop(index, None) is None:
            return None
        else:
            self.recovered += 1
        self.received += 1
        if offset:
            self._early[index] = payload
        else:
            self.next += 1
            self._deliver(payload)
            if self._early:
                self._deliver_early()
        return fresh

    def give_up(self, now: float) -> None:
        """Go on behind what has been waited for long enough."""
        since = now - self._latency
        while self._missing.get(self.next, _NEVER) <= since:
            while self._missing.get(self.next, _NEVER) <= since:
                del self._missing[self.next]
                self.next += 1
                self.given_up += 1
            self._on_gap()
            self._deliver_early()

    def forget(self, first: int, last: int) -> None:
        """The sender will not send these again (3.2.9)."""
        count = (last - first) & SEQUENCE_MASK
        for index in list(self._missing):
            if (index - first) & SEQUENCE_MASK <= count:
                self._missing[index] = -_NEVER

    def losses(self, most: int) -> Iterator[tuple[int, int]]:
        """The ranges that are missing now, at most so many."""
        begin = end = -2
        for index in self._missing:
            if index == end + 1:
                end = index
                continue
            if begin >= 0:
                yield begin, end
                most -= 1
                if most <= 0:
                    return
            begin = end = index
        if begin >= 0:
            yield begin, end

    def _deliver_early(self) -> None:
        while (payload := self._early.pop(self.next, None)) is not None:
            self.next += 1
            self._deliver(payload)
