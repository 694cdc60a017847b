"""One open websocket, as those see it who write to it."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from typing import Any

from .closing import Close
from .frames import Outgoing
from .protocol import EXTENSION, RawWebSocketProtocol

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
        "_raw",
        "_send",
        "_waiting",
        "is_open",
        "person_id",
        "skipped",
        "skipped_in_all",
    )

    def __init__(self, scope: Scope, send: Send) -> None:
        raw = (scope.get("extensions") or {}).get(EXTENSION)
        self._raw: RawWebSocketProtocol | None = raw
        self._send = send
        self._waiting: set[asyncio.Task[None]] = set()
        self.is_open = True
        self.skipped = self.skipped_in_all = 0
        self.person_id: str | None = None

    def write(self, message: Outgoing) -> None:
        """Send now or not at all."""
        raw = self._raw
        if raw is not None:
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
        if self.skipped >= SKIPS_MOST:
            if self._raw is not None:
                self._raw.abort()
            else:
                self.close(Close.TOO_SLOW, "Reading too slowly.")

    def _step(self, event: dict[str, Any]) -> None:
        sending = self._send(event)
        assert isinstance(sending, Coroutine)
        try:
            waited_for = sending.send(None)
        except StopIteration:
            return
        except Exception:  # the peer is gone; its own reader ends the connection
            self.is_open = False
            return
        task = asyncio.ensure_future(_carry_on(sending, waited_for))
        self._waiting.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._waiting.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.is_open = False


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
