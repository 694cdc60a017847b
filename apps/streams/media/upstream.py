"""HTTP/1.1 to the machines that streams come from: kept connections, bounded answers, bounded patience."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import httptools

from apps.streams.media.answers import Header

_IDLE_SECONDS = 4.0
"""uvicorn hangs up after 5."""
_IDLE_MOST = 64


class Unreachable(Exception):
    """The upstream gave no whole answer; `late` when it was only too slow."""

    def __init__(self, reason: str, *, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an upstream may take to be connected to, to begin its answer (which may wait for a part), and
    to send nothing more of it."""

    connect_seconds: float = 2.0
    answer_seconds: float = 10.0
    stall_seconds: float = 5.0


@dataclass(slots=True)
class Reply:
    """A whole answer."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


class _Place(NamedTuple):
    host: str
    port: int
    is_tls: bool
    authority: str
    path: str


class Upstream:
    """Has as many connections as there are questions at once. `under_way` counts those, `receiving` the bytes
    of unfinished answers."""

    def __init__(self, patience: Patience, *, max_bytes: int, max_receiving: int) -> None:
        self.under_way = 0
        self.receiving = 0
        self.patience = patience
        self.max_bytes = max_bytes
        self.max_receiving = max_receiving
        self._idle: defaultdict[_Place, list[_Connection]] = defaultdict(list)
        self._tls = ssl.create_default_context()

    async def request(
        self, method: str, base: str, path: str, *, headers: Iterable[Header] = (), body: bytes = b""
    ) -> Reply:
        """What `base` (an origin, perhaps with a path) answers; raises Unreachable. Only for what may be
        asked twice."""
        self.under_way += 1
        try:
            return await self._request(_place(base), method, path, headers, body)
        finally:
            self.under_way -= 1

    def close(self) -> None:
        """Hang up."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def _request(
        self, place: _Place, method: str, path: str, headers: Iterable[Header], body: bytes
    ) -> Reply:
        head = [b"%s %s HTTP/1.1" % (method.encode(), (place.path + path).encode())]
        head += [b"%s: %s" % header for header in ((b"host", place.authority.encode()), *headers)]
        if body:
            head.append(b"content-length: %d" % len(body))
        request = b"\r\n".join([*head, b"", body])
        if (kept := self._kept(place)) is not None:
            try:
                return await self._on(kept, place, request)
            except Unreachable as trouble:
                # Most likely it had just hung up on a connection that nobody used.
                if trouble.late or kept.has_answered:
                    raise
        return await self._on(await self._connect(place), place, request)

    async def _on(self, connection: _Connection, place: _Place, request: bytes) -> Reply:
        reply = await connection.ask(request)
        if connection.is_reusable and len(self._idle[place]) < _IDLE_MOST:
            self._idle[place].append(connection)
        else:
            connection.close()
        return reply

    def _kept(self, place: _Place) -> _Connection | None:
        now = asyncio.get_running_loop().time()
        connections = self._idle[place]
        while connections:
            connection = connections.pop()
            if not connection.is_closed and now - connection.used_at < _IDLE_SECONDS:
                return connection
            connection.close()
        del self._idle[place]
        return None

    async def _connect(self, place: _Place) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.patience.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self),
                    place.host,
                    place.port,
                    ssl=self._tls if place.is_tls else None,
                )
        except TimeoutError:
            raise Unreachable(f"{place.authority} cannot be connected to", late=True) from None
        except (OSError, ssl.CertificateError) as error:
            raise Unreachable(f"{place.authority} cannot be connected to: {error}") from error
        return connection


class _Connection(asyncio.Protocol):
    """One question at a time; the parser calls the `on_` methods."""

    def __init__(self, upstream: Upstream) -> None:
        self.has_answered = False
        self.is_closed = False
        self.is_reusable = False
        self._upstream = upstream
        self._loop = asyncio.get_running_loop()
        self.used_at = self._loop.time()
        self._waiting: asyncio.Future[Reply] | None = None

    async def ask(self, request: bytes) -> Reply:
        """Send `request` and return the answer; raises Unreachable."""
        self._parser = httptools.HttpResponseParser(self)
        self._reply, self._body, self._size = Reply(), list[bytes](), 0
        self.has_answered = self.is_reusable = False
        self.used_at = self._loop.time()
        self._waiting = self._loop.create_future()
        self._watch()
        try:
            self._transport.write(request)
            return await self._waiting
        finally:
            self._waiting = None
            self._timer.cancel()
            self._upstream.receiving -= self._size
            if not self.is_reusable:
                self.close()

    def close(self) -> None:
        self.is_closed = True
        self._transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.used_at = self._loop.time()
        if self._waiting is None or self._waiting.done():
            return self.close()
        self.has_answered = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(Unreachable(f"the upstream does not speak HTTP: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        self._fail(Unreachable(f"the upstream hung up: {error or 'in the middle'}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._reply.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._reply.status = self._parser.get_status_code()
        length = self._reply.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._upstream.max_bytes:
            self._fail(Unreachable("the upstream sends more than a file of ours can have"))

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        self._upstream.receiving += len(body)
        if self._size > self._upstream.max_bytes:
            self._fail(Unreachable("the upstream sends more than a file of ours can have"))
        elif self._upstream.receiving > self._upstream.max_receiving:
            self._fail(Unreachable("too much is being received at once", late=True))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._reply.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._body = []
            self.is_reusable = self._parser.should_keep_alive()
            self._waiting.set_result(self._reply)

    def _watch(self) -> None:
        """Give up when nothing has come for too long; one timer a question, however many pieces come."""
        patience = self._upstream.patience
        seconds = patience.stall_seconds if self.has_answered else patience.answer_seconds
        left = self.used_at + seconds - self._loop.time()
        if left <= 0:
            return self._fail(Unreachable("the upstream does not answer in time", late=True))
        self._timer = self._loop.call_later(left, self._watch)

    def _fail(self, trouble: Unreachable) -> None:
        self.is_reusable = False
        self._transport.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(trouble)


@lru_cache(1024)
def _place(base: str) -> _Place:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreachable(f"{base!r} is no address of an upstream")
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    return _Place(parts.hostname, port, is_tls, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"))
