"""One topic of one process: who listens here, and what goes out to them with the next flush."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .connection import Connection
from .frames import Outgoing, bundle

# Below this many listeners a flush is cheap enough to run at the next turn of the loop.
SMALL = 200
TICK = 0.03
# From the start of a long flush to the next, in lengths of it: reads, pings and acks have their turn then,
# too, not only between two chunks.
REST = 1.1
# A flush must not hold reads, pings and acks of others for long.
CHUNK = 400
PENDING_MOST = 5_000

Greeting = Callable[[], Outgoing]


class Topic:
    """Gathers events and writes them to every listener as one message a tick.

    The tick is leading-edge: an idle topic flushes at once. After a flush that took `d` seconds the next one
    starts no earlier than max(TICK, REST d), so a process under load gathers more instead of falling behind.
    A newcomer enters between two flushes, right after its greeting: it misses nothing and sees nothing twice.
    """

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        self.listeners: dict[Connection, None] = {}
        # Hears notes of other processes; set by the app that owns the kind of topic.
        self.on_note: Callable[[dict[str, Any]], None] | None = None
        self.dropped = 0
        self._loop = loop
        # On their way in: they keep the topic alive, and hear nothing yet.
        self.arriving: set[Connection] = set()
        self._entering: dict[Connection, Greeting | None] = {}
        self._pending: list[bytes] = []
        self._timer: asyncio.Handle | None = None
        self._flushing = False
        self._next_at = 0.0
        self._took = 0.0

    def __len__(self) -> int:
        return len(self.listeners) + len(self._entering) + len(self.arriving)

    @property
    def tick(self) -> float:
        """Seconds from one flush to the next, at least, by what the last one took."""
        return max(TICK if len(self.listeners) >= SMALL else 0.0, REST * self._took)

    def enter(self, connection: Connection, greeting: Greeting | None = None) -> None:
        """Listen from now on. `greeting` is called at the moment of entry; what it returns is sent first."""
        self.arriving.discard(connection)
        if self._pending or self._flushing:
            self._entering[connection] = greeting
        else:
            self._admit(connection, greeting)

    def leave(self, connection: Connection) -> None:
        self.arriving.discard(connection)
        self._entering.pop(connection, None)
        self.listeners.pop(connection, None)

    def post(self, *events: bytes) -> None:
        """Send encoded events to every listener with the next flush."""
        if not self:
            return
        self._pending.extend(events)
        if len(self._pending) > PENDING_MOST:
            excess = len(self._pending) - PENDING_MOST
            del self._pending[:excess]
            self.dropped += excess
        if self._timer is None and not self._flushing:
            self._timer = self._loop.call_at(self._next_at, self._flush)

    def _flush(self) -> None:
        self._timer, self._flushing = None, True
        events, self._pending = self._pending, []
        self._write(bundle(events), list(self.listeners), 0, self._loop.time())

    def _write(self, messages: list[Outgoing], targets: list[Connection], at: int, began: float) -> None:
        for connection in targets[at : at + CHUNK]:
            for message in messages:
                connection.write(message)
        if at + CHUNK < len(targets):
            self._loop.call_soon(self._write, messages, targets, at + CHUNK, began)
            return
        self._flushing = False
        self._took = self._loop.time() - began
        self._next_at = began + self.tick
        self._admit_waiting()
        if self._pending:
            self._timer = self._loop.call_at(self._next_at, self._flush)

    def _admit_waiting(self) -> None:
        """Let newcomers in. Their greetings tell what is pending, too, so that goes to the others first."""
        if not self._entering:
            return
        if self._pending:
            messages = bundle(self._pending)
            self._pending = []
            for connection in list(self.listeners):
                for message in messages:
                    connection.write(message)
        entering, self._entering = self._entering, {}
        for connection, greeting in entering.items():
            self._admit(connection, greeting)

    def _admit(self, connection: Connection, greeting: Greeting | None) -> None:
        self.listeners[connection] = None
        if greeting is not None:
            connection.write(greeting())
