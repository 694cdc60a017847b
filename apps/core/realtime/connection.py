"""One open websocket, as those see it who write to it."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from typing import Any

from .closing import Close
from .frames import Outgoing
from .protocol import EXTENSION, WebSocketProtocol

Scope = MutableMapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# A reader that missed this many frames in a row is cut: it comes back with `?after=` and has less to carry.
SKIPS_MOST = 50
# Without the raw protocol a send may wait; so many may wait before frames are skipped.
WAITING_MOST = 16


class Connection:
    """Writes whole messages without ever waiting: a slow reader loses frames, then the connection.

    Under our uvicorn protocol the ready-made frame goes straight to the transport; under any other ASGI
    server (daphne, tests) its `send` is driven by hand and becomes a task only if it really waits.
    """

    __slots__ = (
        "__weakref__",
        "_has_gap",
        "_last",
        "_raw",
        "_send",
        "_waiting",
        "is_open",
        "on_gap",
        "person_id",
        "skipped",
        "skipped_in_all",
    )

    def __init__(self, scope: Scope, send: Send) -> None:
        raw = (scope.get("extensions") or {}).get(EXTENSION)
        self._raw: WebSocketProtocol | None = raw
        self._send = send
        self._waiting: set[asyncio.Task[None]] = set()
        self._last: asyncio.Task[None] | None = None
        self._has_gap = False
        # Called when a reader that missed frames has read everything before the gap.
        self.on_gap: Callable[[], None] | None = None
        if raw is not None:
            raw.on_drained = self._caught_up
        self.is_open = True
        self.skipped = self.skipped_in_all = 0
        self.person_id: str | None = None

    def write(self, message: Outgoing) -> None:
        """Send now or not at all."""
        raw = self._raw
        if raw is not None:
            # A room does this a hundred thousand times a second: almost always there is nothing else to ask.
            if raw.is_free:
                raw.transport.write(message.packed if raw.inflates else message.frame)
                return
            if not raw.is_writable():
                return
            if raw.is_behind():
                self._skip()
                return
            raw.write_frame(message)
        elif not self.is_open:
            return
        elif len(self._waiting) >= WAITING_MOST:
            self._skip()
            return
        else:
            self._step({"type": "websocket.send", "text": message.text})
        self.skipped = 0

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; what is written afterwards is dropped."""
        if self.is_open:
            self.is_open = False
            self._step({"type": "websocket.close", "code": int(code), "reason": reason})

    def _skip(self) -> None:
        self.skipped += 1
        self.skipped_in_all += 1
        self._has_gap = True
        if self.skipped >= SKIPS_MOST:
            if self._raw is not None:
                self._raw.abort()
            else:
                for task in self._waiting:
                    task.cancel()
                self.close(Close.TOO_SLOW, "Reading too slowly.")

    def _step(self, event: dict[str, Any]) -> None:
        if self._waiting:
            self._adopt(self._send_after(self._last, event))
            return
        sending = self._send(event)
        assert isinstance(sending, Coroutine)
        try:
            waited_for = sending.send(None)
        except StopIteration:
            return
        except Exception:  # the peer is gone; its own reader ends the connection
            self.is_open = False
            return
        self._adopt(_carry_on(sending, waited_for))

    async def _send_after(self, before: asyncio.Task[None] | None, event: dict[str, Any]) -> None:
        """Send when what still waits is gone: an event that stepped ahead would overtake it."""
        if before is not None:
            await asyncio.wait([before])
        await self._send(event)

    def _adopt(self, sending: Awaitable[None]) -> None:
        self._last = asyncio.ensure_future(sending)
        self._waiting.add(self._last)
        self._last.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._waiting.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.is_open = False
        if not self._waiting:
            self._last = None
            self._caught_up()

    def _caught_up(self) -> None:
        if self._has_gap and self.is_open:
            self._has_gap = False
            self.skipped = 0
            if self.on_gap is not None:
                self.on_gap()


@types.coroutine
def _carry_on(started: Coroutine[Any, Any, None], waited_for: Any) -> Generator[Any, Any, None]:
    """Await the rest of a coroutine that was driven by hand up to its first wait."""
    while True:
        try:
            answer = yield waited_for
        except BaseException as error:
            step, value = started.throw, error
        else:
            step, value = started.send, answer  # type: ignore[assignment]
        try:
            waited_for = step(value)
        except StopIteration:
            return
