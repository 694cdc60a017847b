"""Serves playlists and media from memory, what is older from the recording: raw ASGI, because every viewer
asks ten times a second.

`/live/{grant}/{stream}/{file}`; GET, HEAD and OPTIONS; no database, no framework, one dictionary look-up per
file.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from apps.streams.media import playlists
from apps.streams.media.config import MediaConfig
from apps.streams.media.grants import GrantBook, GrantRefused
from apps.streams.media.reading import Busy, Takers

if TYPE_CHECKING:
    from apps.streams.media.stream import LiveStream

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]
Reading = Callable[[], Coroutine[Any, Any, bytes]]

_PLAYLIST = b"application/vnd.apple.mpegurl"
_MP4 = b"video/mp4"
_CORS: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"content-length, content-range, date"),
]
_FRESH = (b"cache-control", b"no-cache")
_KEPT = (b"cache-control", b"public, max-age=60, immutable")
_NEVER = (b"cache-control", b"no-store")
_LONG = 2 * 1024
"""A playlist of this many bytes is worth packing: one with a few seconds of parts."""
_FILE = re.compile(
    r"(?P<epoch>[0-9a-z]+)-(?:init(?P<init>\d{1,9})\.mp4|(?P<msn>\d{1,9})(?:-(?P<part>\d{1,4}))?\.m4s)\Z",
    re.ASCII,
)
_PIECE = 64 * 1024
"""What is handed to the connection at once, so that the rest waits here, where it is counted."""
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")


class HlsApp:
    """The viewers' door of a node. `streams` is the node's own table, read at every request."""

    def __init__(self, streams: MutableMapping[str, LiveStream], config: MediaConfig) -> None:
        self._streams = streams
        self._grants = GrantBook(config.grant_key)
        self._takers = Takers(per_viewer=config.reader_per_viewer, max_bytes=config.reader_sending_bytes)
        self._stall_seconds = config.stall_seconds
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the live edge does not speak {scope['type']}")
        answer = _Answer(scope, send, self._stall_seconds)
        try:
            await self._route(scope, answer)
        except _Problem as problem:
            await answer.problem(problem.status, problem.text)
        except Busy:
            await answer.problem(503, "too much of the recording is being read")
        except _Stalled:
            return  # with half an answer: the server hangs up

    async def _route(self, scope: Scope, answer: _Answer) -> None:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            return await answer.preflight()
        if method not in ("GET", "HEAD"):
            raise _Problem(405, "only GET, HEAD and OPTIONS")
        if path == "/live/healthz":
            return await answer.whole([b"ok\n"], b"text/plain", _NEVER)
        pieces = path.split("/")
        if len(pieces) != 5 or pieces[1] != "live":
            raise _Problem(404, "no such file")
        _, _, grant, stream_id, name = pieces
        try:
            viewer = self._grants.viewer(stream_id, grant)
        except GrantRefused as refusal:
            raise _Problem(403, f"this playback grant is {refusal}") from None
        stream = self._streams.get(stream_id)
        # Players ask again after 503; after 404 they take a segment for lost. Whoever signed the grant knew
        # the stream: this node may just have been started, and its encoder not be back yet.
        if stream is None or not stream.window.playable or self.closing:
            raise _Problem(503, "this stream is not here yet")
        stream.seen(viewer)
        if name == playlists.MEDIA:
            return await self._media_playlist(stream, scope, answer)
        if name == playlists.MULTIVARIANT:
            return await answer.whole([stream.multivariant()], _PLAYLIST, _FRESH)
        await self._file(stream, viewer, name, scope, answer)

    async def _media_playlist(self, stream: LiveStream, scope: Scope, answer: _Answer) -> None:
        directives = _Directives(scope["query_string"])
        if directives.msn is not None:
            await self._block(stream, directives.msn, directives.part)
        elif directives.skip and stream.window.interrupted:
            # It has the playlist already, and after an unchanged answer would ask only every five seconds
            # whether the encoder is back: tell it at once.
            await self._block(stream, *stream.window.next_part)
        playlist = stream.media_playlist(skip=directives.skip)
        if len(playlist) >= _LONG and _unpacks(scope):
            packed = stream.packed_playlist(skip=directives.skip)
            return await answer.whole([packed], _PLAYLIST, _FRESH, packed=True)
        await answer.whole([playlist], _PLAYLIST, _FRESH, packed=False)

    async def _block(self, stream: LiveStream, msn: int, part: int | None) -> None:
        """Return when the playlist contains what was asked for (6.2.5.2), or will not for a while.

        A stalled encoder makes 503. While it is away the unchanged playlist goes out instead: players give up
        on repeated errors, but not on a playlist that stands still.
        """
        window = stream.window
        if window.is_far_ahead(msn, part):
            raise _Problem(400, "that is too far in the future")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + window.config.block_seconds
        while not (window.ended or window.has(msn, part)):
            if loop.time() >= deadline or self.closing:
                if window.interrupted and not self.closing:
                    return
                raise _Problem(503, "nothing new has come")
            await window.change()

    async def _file(self, stream: LiveStream, viewer: str, name: str, scope: Scope, answer: _Answer) -> None:
        window = stream.window
        match = _FILE.match(name)
        if match is None:
            raise _Problem(404, "no such file")
        epoch, is_ours = match["epoch"], match["epoch"] == window.epoch
        if match["init"] is not None:
            number = int(match["init"])
            if is_ours and number in window.inits:
                return await answer.media([window.inits[number].data], scope)
            reading = partial(stream.recorded_init, f"{epoch}-{number}")
            return await self._recorded(f"{stream.stream_id} {viewer}", reading, scope, answer)
        msn = int(match["msn"])
        if match["part"] is not None:
            if not is_ours:
                raise _Problem(404, "no such part")
            index = int(match["part"])
            if window.find(msn) is None and (span := window.part_span(msn, index)) is not None:
                reading = partial(stream.recorded_segment, epoch, msn, span)
                return await self._recorded(f"{stream.stream_id} {viewer}", reading, scope, answer)
            return await answer.media([await self._part(stream, msn, index)], scope)
        segment = window.find(msn) if is_ours else None
        if segment is None:
            reading = partial(stream.recorded_segment, epoch, msn)
            return await self._recorded(f"{stream.stream_id} {viewer}", reading, scope, answer)
        if not segment.complete:
            raise _Problem(404, "no such file")
        await answer.media([part.data for part in segment.parts], scope)

    async def _recorded(self, viewer: str, reading: Reading, scope: Scope, answer: _Answer) -> None:
        """A file of the past; raises Busy before anything is sent."""
        with self._takers.one_more(viewer):
            data = await _read(reading)
            with self._takers.holding(len(data)):
                pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
                await answer.media(pieces, scope)

    async def _part(self, stream: LiveStream, msn: int, index: int) -> bytes:
        """A part, waited for when it is the one that PRELOAD-HINT promised."""
        window = stream.window
        loop = asyncio.get_running_loop()
        deadline = loop.time() + window.config.block_seconds
        hinted = (msn, index) == window.next_part
        while True:
            segment = window.find(msn)
            if segment is not None and index < len(segment.parts):
                return segment.parts[index].data
            if not hinted or window.ended or (msn, index) < window.next_part:
                raise _Problem(404, "no such part")
            if loop.time() >= deadline or self.closing:
                raise _Problem(503, "nothing new has come")
            await window.change()


def _unpacks(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


async def _read(reading: Reading) -> bytes:
    """What is read, or the answer that makes players ask again when the archive is the trouble."""
    try:
        return await reading()
    except FileNotFoundError:
        raise _Problem(404, "no such file") from None
    except Busy:
        raise
    except Exception as error:  # a foreign archive may raise anything
        if not isinstance(error, TimeoutError):
            logger.warning("the archive cannot be read: %r", error)
        raise _Problem(503, "the recording cannot be read right now") from None


class _Problem(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class _Stalled(Exception):
    """Who asked does not take the answer."""


class _Directives:
    """The delivery directives of a playlist request (6.2.5)."""

    def __init__(self, query: bytes) -> None:
        self.msn: int | None = None
        self.part: int | None = None
        self.skip = False
        if not query:
            return
        for name, value in parse_qsl(query.decode("latin-1")):
            if name == "_HLS_msn":
                self.msn = _number(value)
            elif name == "_HLS_part":
                self.part = _number(value)
            elif name == "_HLS_skip":
                self.skip = value in ("YES", "v2")
        if self.part is not None and self.msn is None:
            raise _Problem(400, "_HLS_part needs _HLS_msn")


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise _Problem(400, "a directive is not a number")
    return int(value)


class _Answer:
    """Sends one response; a HEAD request gets the headers alone."""

    def __init__(self, scope: Scope, send: Send, stall_seconds: float) -> None:
        self._head = scope["method"] == "HEAD"
        self._send = send
        self._stall_seconds = stall_seconds

    async def preflight(self) -> None:
        headers = [
            *_CORS,
            (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
            (b"access-control-allow-headers", b"range"),
            (b"access-control-max-age", b"86400"),
        ]
        await self._start(204, headers, [])

    async def problem(self, status: int, text: str) -> None:
        await self.whole([text.encode() + b"\n"], b"text/plain; charset=utf-8", _NEVER, status)

    async def whole(
        self,
        chunks: list[bytes],
        content_type: bytes,
        cache: Header,
        status: int = 200,
        *,
        packed: bool | None = None,
    ) -> None:
        size = len(chunks[0]) if len(chunks) == 1 else sum(map(len, chunks))
        headers = [*_CORS, (b"content-type", content_type), (b"content-length", b"%d" % size), cache]
        if status == 503:
            headers.append((b"retry-after", b"1"))
        if packed is not None:
            headers.append((b"vary", b"accept-encoding"))
        if packed:
            headers.append((b"content-encoding", b"gzip"))
        await self._start(status, headers, chunks)

    async def media(self, chunks: list[bytes], scope: Scope) -> None:
        """A media file, or the one byte range of it that was asked for (RFC 9110 14)."""
        asked = next((value for name, value in scope["headers"] if name == b"range"), None)
        if asked is None:
            return await self.whole(chunks, _MP4, _KEPT)
        size = sum(map(len, chunks))
        span = _span(asked.decode("latin-1"), size)
        if span is None:
            return await self.whole(chunks, _MP4, _KEPT)
        first, last = span
        if first >= size:
            headers = [*_CORS, (b"content-range", b"bytes */%d" % size), (b"content-length", b"0"), _NEVER]
            return await self._start(416, headers, [])
        headers = [
            *_CORS,
            (b"content-type", _MP4),
            (b"content-range", b"bytes %d-%d/%d" % (first, last, size)),
            (b"content-length", b"%d" % (last - first + 1)),
            _KEPT,
        ]
        await self._start(206, headers, list(_slice(chunks, first, last + 1)))

    async def _start(self, status: int, headers: list[Header], chunks: list[bytes]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self._head or not chunks:
            await self._send({"type": "http.response.body", "body": b""})
            return
        last = len(chunks) - 1
        if not last:
            await self._send({"type": "http.response.body", "body": chunks[0]})
            return
        try:
            for index, chunk in enumerate(chunks):
                async with asyncio.timeout(self._stall_seconds):
                    await self._send({"type": "http.response.body", "body": chunk, "more_body": index < last})
        except TimeoutError:
            raise _Stalled from None


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
