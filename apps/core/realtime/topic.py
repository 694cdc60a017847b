"""One topic of one process: who listens here, and what goes out to them when their turn comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from .connection import Connection
from .frames import Outgoing, bundle

log = logging.getLogger(__name__)

# Below this many listeners a sweep is cheap enough to begin at the next turn of the loop.
SMALL = 200
TICK = 0.025
# So many events a second are a flood: nobody can read along any more. Sweeps wait twice as long then, and
# what that spares goes into storing them.
FLOOD = 2_500
# From the start of a long sweep to the next, in lengths of it: reads, pings and acks have their turn then,
# too, not only between two chunks.
REST = 1.1
# So many are told in one go, which takes less than 10 ms. More are told chunk by chunk: between two, reads,
# pings, acks and what the database answers have their turn, and a message on its way has a dozen such turns.
AT_ONCE = 1_000
CHUNK = 100
PENDING_MOST = 5_000

Greeting = Callable[[], list[Outgoing]]


class Topic:
    """Gathers events and writes them to every listener: what came since its last turn, as one message.

    A sweep goes through all listeners, one chunk after the other, and a chunk gets what is there when its
    turn comes. Where thousands listen a sweep takes long, and what comes meanwhile waits for no second one.
    Sweeps are leading-edge: an idle topic begins at once. After one that took `d` seconds the next starts no
    earlier than max(TICK, REST d) after its beginning, in a flood twice TICK: under load a process gathers
    more and does not fall behind.
    """

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        # Each with the number of the event that it hears next.
        self.listeners: dict[Connection, int] = {}
        # Hears notes of other processes; set by the app that owns the kind of topic.
        self.on_note: Callable[[dict[str, Any]], None] | None = None
        self.dropped = 0
        self._loop = loop
        # On their way in: they keep the topic alive, and hear nothing yet.
        self.arriving: set[Connection] = set()
        # What somebody has not heard yet, and the number of the first.
        self._events: list[bytes] = []
        self._first = 0
        # What the present sweep writes, by the first event of it and the one behind the last.
        self._messages: dict[tuple[int, int], list[Outgoing]] = {}
        self._timer: asyncio.Handle | None = None
        self._sweeping = False
        self._next_at = 0.0
        # When the last sweep began, how long it took, and whether there was a flood to tell.
        self._began = self._took = 0.0
        self._is_flooded = False

    def __len__(self) -> int:
        return len(self.listeners) + len(self.arriving)

    @property
    def tick(self) -> float:
        """Seconds from one sweep to the next, at least, by what the last one took and how much came."""
        if len(self.listeners) < SMALL:
            return REST * self._took
        return max(2 * TICK if self._is_flooded else TICK, REST * self._took)

    def enter(self, connection: Connection, greeting: Greeting | None = None) -> None:
        """Listen from now on. What `greeting` returns is sent first; it tells all that was posted before, so
        a newcomer misses nothing and sees nothing twice."""
        self.arriving.discard(connection)
        self.listeners[connection] = self.end
        if greeting is not None:
            for message in greeting():
                connection.write(message)

    def leave(self, connection: Connection) -> None:
        self.arriving.discard(connection)
        self.listeners.pop(connection, None)

    def post(self, *events: bytes) -> None:
        """Send encoded events to every listener when its turn comes."""
        if not self:
            return
        self._events.extend(events)
        if (excess := len(self._events) - PENDING_MOST) > 0:
            self._forget(excess)
            self.dropped += excess
        if self._timer is None and not self._sweeping:
            self._timer = self._loop.call_at(self._next_at, self._sweep)

    @property
    def end(self) -> int:
        """The number of the event that comes next."""
        return self._first + len(self._events)

    def _forget(self, count: int) -> None:
        del self._events[:count]
        self._first += count

    def _sweep(self) -> None:
        self._timer, self._sweeping = None, True
        began = self._loop.time()
        # By the time that they took to come: a pause of this process, or of the database, is no flood.
        self._is_flooded = len(self._events) > FLOOD * max(began - self._began, TICK)
        self._began = began
        self._write(list(self.listeners), 0, self.end)

    def _write(self, targets: list[Connection], at: int, known: int) -> None:
        """Give the chunk at `at` what it has not heard. `known` is the end as the sweep began with it: when
        the last chunk has had its turn, everybody has heard what came before that."""
        listeners, end = self.listeners, self.end
        stop = at + (CHUNK if len(targets) > AT_ONCE else AT_ONCE)
        for connection in targets[at:stop]:
            heard = listeners.get(connection, end)
            if heard == end:  # came in a moment ago, or has left
                continue
            news = self._messages.get((heard, end))
            if news is None:
                news = bundle(self._events[max(heard - self._first, 0) :])
                self._messages[heard, end] = news
            listeners[connection] = end
            try:
                for message in news:
                    connection.write(message)
            except Exception:  # one broken connection silences no room
                log.exception("A frame was not written.")
        if stop < len(targets):
            self._loop.call_soon(self._write, targets, stop, known)
            return
        self._sweeping = False
        self._messages.clear()
        self._forget(max(known - self._first, 0))
        self._took = self._loop.time() - self._began
        self._next_at = self._began + self.tick
        if self._events:
            self._timer = self._loop.call_at(self._next_at, self._sweep)
