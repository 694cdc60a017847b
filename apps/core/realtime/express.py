"""A short way past ASGI, for the few answers that a process gives thousands of times a second.

ASGI costs each request a task, a scope, two events and a look at every header: more than all that the live
edge does for it. docs/adr/0012 has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from .upgrade import HttpProtocol

Header = tuple[bytes, bytes]


class Reply(Protocol):
    """A whole answer; its headers have its length."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Sequence[Header]: ...
    @property
    def body(self) -> bytes: ...


# Takes the target and the headers of a GET, and somebody who hears the answer: once, now or later. False when
# the request has to go to the ASGI app; then nobody hears anything.
Express = Callable[[bytes, list[Header], Callable[[Any], None]], bool]


class _Deaf:
    """In the place of the event that wakes an ASGI app."""

    def set(self) -> None:
        """Nobody waits."""


class Cycle:
    """A request and its answer, as uvicorn's protocol looks at them, of which ASGI never hears."""

    message_event = _Deaf()

    def __init__(self) -> None:
        self.response_complete = self.disconnected = False
        self.keep_alive = self.more_body = True
        self.body = b""


class ExpressProtocol(HttpProtocol):
    """Offers every plain GET to `express` first; but one a read, as all others wait until that is parsed. One
    that waits for its answer there holds up those behind it on its connection, as any other does."""

    _went_express = False

    def __init__(self, express: Express, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._express = express

    def data_received(self, data: bytes) -> None:
        self._went_express = False
        super().data_received(data)

    def _goes_express(self) -> bool:
        before, parser = self.cycle, self.parser
        if (
            self._went_express
            or not self._is_idle
            or self.flow.write_paused
            or parser.get_method() != b"GET"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
        ):
            return False
        cycle = Cycle()
        self.cycle = cycle  # type: ignore[assignment]
        self._went_express = self._express(self.url, self.headers, partial(self._answer, cycle))
        if not self._went_express:
            self.cycle = before
        return self._went_express

    def _answer(self, cycle: Cycle, reply: Reply) -> None:
        if cycle.disconnected:
            return
        lines = [STATUS_LINE[reply.status]]
        for name, value in (*self.server_state.default_headers, *reply.headers):
            lines += name, b": ", value, b"\r\n"
        lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        self.transport.writelines([b"".join(lines), reply.body])
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
