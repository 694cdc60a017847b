"""One answer over raw ASGI: head and body, ranges, and an end to whoever does not take it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

_MP4 = b"video/mp4"
_PLAYLIST = b"application/vnd.apple.mpegurl"
_CORS: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"content-length, content-range, date"),
]
_KEPT = (b"cache-control", b"public, max-age=60, immutable")
NEVER = (b"cache-control", b"no-store")
FRESH = b"no-cache"
SATISFIED = b"max-age=1"
"""Of a playlist that was waited for: it has what its address asks for, whoever asks next."""
_PIECE = 64 * 1024
"""What is handed to the connection at once, so that the rest waits here, where it is counted."""
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")


class Problem(Exception):
    """What is wrong with a request: the answer's status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Stalled(Exception):
    """Who asked does not take the answer."""


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    headers: list[Header]
    body: bytes


def whole(data: bytes, content_type: bytes, cache: Header, status: int = 200) -> Reply:
    size = b"%d" % len(data)
    return Reply(status, [*_CORS, (b"content-type", content_type), (b"content-length", size), cache], data)


def playlist(data: bytes, *, cache: bytes = FRESH, packed: bool | None = None) -> Reply:
    """`packed`: `data` is gzip; None where it never is."""
    reply = whole(data, _PLAYLIST, (b"cache-control", cache))
    if packed is not None:
        reply.headers.append((b"vary", b"accept-encoding"))
    if packed:
        reply.headers.append((b"content-encoding", b"gzip"))
    return reply


def media(data: bytes) -> Reply:
    """A media file, as one asks for it who wants no range of it."""
    return whole(data, _MP4, _KEPT)


def problem(problem: Problem) -> Reply:
    """What is wrong, in words."""
    words = problem.text.encode() + b"\n"
    reply = whole(words, b"text/plain; charset=utf-8", NEVER, problem.status)
    if problem.status == 503:
        reply.headers.append((b"retry-after", b"1"))
    return reply


class Answer:
    """Sends one response; a HEAD request gets the headers alone.

    `gave_media` turns true when media went out.
    """

    def __init__(self, scope: Scope, send: Send, stall_seconds: float) -> None:
        self.gave_media = False
        self._head = scope["method"] == "HEAD"
        self._headers = scope["headers"]
        self._send = send
        self._stall_seconds = stall_seconds

    @property
    def unpacks(self) -> bool:
        """Whether who asks understands gzip."""
        return any(name == b"accept-encoding" and b"gzip" in value for name, value in self._headers)

    async def nothing(self) -> None:
        """Done, or allowed; there is nothing to say about it."""
        await self._start(204, [*_CORS, NEVER], [])

    async def reply(self, reply: Reply) -> None:
        """All of it at once."""
        await self._start(reply.status, reply.headers, [reply.body])

    async def file(self, data: bytes) -> None:
        """A media file that may be large, piece by piece."""
        await self.media([data[start : start + _PIECE] for start in range(0, len(data), _PIECE)])

    async def preflight(self) -> None:
        headers = [
            *_CORS,
            (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
            (b"access-control-allow-headers", b"range"),
            (b"access-control-max-age", b"86400"),
        ]
        await self._start(204, headers, [])

    async def media(self, chunks: list[bytes]) -> None:
        """A media file, or the one byte range of it that was asked for (RFC 9110 14)."""
        asked = next((value for name, value in self._headers if name == b"range"), None)
        if asked is None:
            return await self._media(200, chunks, [(b"content-length", b"%d" % sum(map(len, chunks)))])
        size = sum(map(len, chunks))
        span = _span(asked.decode("latin-1"), size)
        if span is None:
            return await self._media(200, chunks, [(b"content-length", b"%d" % sum(map(len, chunks)))])
        first, last = span
        if first >= size:
            headers = [*_CORS, (b"content-range", b"bytes */%d" % size), (b"content-length", b"0"), NEVER]
            return await self._start(416, headers, [])
        headers = [
            (b"content-range", b"bytes %d-%d/%d" % (first, last, size)),
            (b"content-length", b"%d" % (last - first + 1)),
        ]
        await self._media(206, list(_slice(chunks, first, last + 1)), headers)

    async def _media(self, status: int, chunks: list[bytes], headers: list[Header]) -> None:
        await self._start(status, [*_CORS, (b"content-type", _MP4), *headers, _KEPT], chunks)
        self.gave_media = not self._head

    async def begin(self, status: int, content_type: bytes) -> None:
        """The head of an answer whose length nobody knows; `piece`s follow, then `finish`."""
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", content_type), NEVER],
            }
        )

    async def piece(self, data: bytes) -> None:
        """Raises Stalled when it is not taken in time."""
        try:
            async with asyncio.timeout(self._stall_seconds):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except TimeoutError:
            raise Stalled from None

    async def finish(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, headers: list[Header], chunks: list[bytes]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self._head or not chunks:
            await self._send({"type": "http.response.body", "body": b""})
            return
        last = len(chunks) - 1
        if not last:
            await self._send({"type": "http.response.body", "body": chunks[0]})
            return
        for chunk in chunks[:-1]:
            await self.piece(chunk)
        try:
            async with asyncio.timeout(self._stall_seconds):
                await self._send({"type": "http.response.body", "body": chunks[-1]})
        except TimeoutError:
            raise Stalled from None


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; None for what may be ignored (several ranges, nonsense)."""
    match = _RANGE.match(asked)
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return max(size - int(match[2]), 0) if int(match[2]) else size, size - 1
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if last < first and match[2]:
        return None
    return first, min(last, size - 1)


def _slice(chunks: Iterable[bytes], start: int, stop: int) -> Iterable[bytes]:
    for chunk in chunks:
        if start < len(chunk) and stop > 0:
            yield chunk[max(start, 0) : stop]
        start -= len(chunk)
        stop -= len(chunk)
