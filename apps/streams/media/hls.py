"""Serves playlists and media from memory, what is older from the recording: raw ASGI, because every viewer
asks ten times a second.

`/live/{grant}/{stream}/{file}`, and of a rendition `/live/{grant}/{stream}/{rendition}/{file}`; GET, HEAD and
OPTIONS; no database, no framework, one dictionary look-up per file.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from apps.streams.media import playlists
from apps.streams.media.answers import NEVER, Answer, Problem, Receive, Scope, Send, Stalled
from apps.streams.media.config import MediaConfig
from apps.streams.media.grants import GrantBook, GrantRefused
from apps.streams.media.reading import Busy, Takers

if TYPE_CHECKING:
    from apps.streams.media.stream import LiveStream

logger = logging.getLogger(__name__)

Reading = Callable[[], Coroutine[Any, Any, bytes]]

_PLAYLIST = b"application/vnd.apple.mpegurl"
_FRESH = (b"cache-control", b"no-cache")
_LONG = 2 * 1024
"""A playlist of this many bytes is worth packing: one with a few seconds of parts."""
_FILE = re.compile(
    r"(?P<epoch>[0-9a-z]+)-(?:init(?P<init>\d{1,9})\.mp4|(?P<msn>\d{1,9})(?:-(?P<part>\d{1,4}))?\.m4s)\Z",
    re.ASCII,
)
_PIECE = 64 * 1024
"""What is handed to the connection at once, so that the rest waits here, where it is counted."""


class HlsApp:
    """The viewers' door of a node. `streams` is the node's own table, read at every request."""

    def __init__(self, streams: MutableMapping[str, LiveStream], config: MediaConfig) -> None:
        self._streams = streams
        self._grants = GrantBook(config.grant_key)
        self._takers = Takers(per_viewer=config.reader_per_viewer, max_bytes=config.reader_sending_bytes)
        self._stall_seconds = config.stall_seconds
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer(scope, send, self._stall_seconds)
        try:
            await self._route(scope, answer)
        except Problem as problem:
            await answer.problem(problem.status, problem.text)
        except Busy:
            await answer.problem(503, "too much of the recording is being read")
        except Stalled:
            return  # with half an answer: the server hangs up

    async def _route(self, scope: Scope, answer: Answer) -> None:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            return await answer.preflight()
        if method not in ("GET", "HEAD"):
            raise Problem(405, "only GET, HEAD and OPTIONS")
        if path == "/live/healthz":
            return await answer.whole([b"ok\n"], b"text/plain", NEVER)
        pieces = path.split("/")
        if not 5 <= len(pieces) <= 6 or pieces[1] != "live":
            raise Problem(404, "no such file")
        grant, stream_id, *rendition, name = pieces[2:]
        try:
            viewer = self._grants.viewer(stream_id, grant)
        except GrantRefused as refusal:
            raise Problem(403, f"this playback grant is {refusal}") from None
        stream = self._streams.get(stream_id)
        # Players ask again after 503; after 404 they take a segment for lost. Whoever signed the grant knew
        # the stream: this node may just have been started, and its encoder not be back yet.
        if stream is None or not stream.window.playable or self.closing:
            raise Problem(503, "this stream is not here yet")
        stream.seen(viewer)
        if name == playlists.MULTIVARIANT and not rendition:
            return await answer.whole([stream.multivariant()], _PLAYLIST, _FRESH)
        shown = _Shown(stream, rendition[0] if rendition else None)
        if name == playlists.MEDIA:
            return await self._media_playlist(shown, scope, answer)
        await self._file(shown, viewer, name, scope, answer)

    async def _media_playlist(self, shown: _Shown, scope: Scope, answer: Answer) -> None:
        directives = _Directives(scope["query_string"])
        if directives.msn is not None:
            await self._block(shown, directives.msn, directives.part)
        elif directives.skip and shown.window.interrupted:
            # It has the playlist already, and after an unchanged answer would ask only every five seconds
            # whether the encoder is back: tell it at once.
            await self._block(shown, *shown.window.next_part)
        shown.require_offered()
        playlist = shown.listing.playlist(skip=directives.skip)
        if len(playlist) >= _LONG and _unpacks(scope):
            packed = shown.listing.packed(skip=directives.skip)
            return await answer.whole([packed], _PLAYLIST, _FRESH, packed=True)
        await answer.whole([playlist], _PLAYLIST, _FRESH, packed=False)

    async def _block(self, shown: _Shown, msn: int, part: int | None) -> None:
        """Return when the playlist contains what was asked for (6.2.5.2), or will not for a while.

        A stalled encoder makes 503. While it is away the unchanged playlist goes out instead: players give up
        on repeated errors, but not on a playlist that stands still.
        """
        window = shown.window
        shown.require_offered()
        if window.is_far_ahead(msn, part):
            raise Problem(400, "that is too far in the future")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + window.config.block_seconds
        while not (window.ended or window.has(msn, part)):
            if loop.time() >= deadline or self.closing or not window.playable:
                if window.interrupted and window.playable and not self.closing:
                    return
                raise Problem(503, "nothing new has come")
            await window.change()
            shown.require_offered()

    async def _file(self, shown: _Shown, viewer: str, name: str, scope: Scope, answer: Answer) -> None:
        window = shown.window
        match = _FILE.match(name)
        if match is None:
            raise Problem(404, "no such file")
        epoch, is_ours = match["epoch"], match["epoch"] == window.epoch
        if match["init"] is not None:
            number = int(match["init"])
            if is_ours and number in window.inits:
                return await answer.media([window.inits[number].data], scope)
            reading = partial(shown.listing.recorded_init, f"{epoch}-{number}")
            return await self._recorded(f"{shown.stream_id} {viewer}", reading, scope, answer)
        msn = int(match["msn"])
        if match["part"] is not None:
            if not is_ours:
                raise Problem(404, "no such part")
            index = int(match["part"])
            if window.find(msn) is None and (span := window.part_span(msn, index)) is not None:
                reading = partial(shown.listing.recorded_segment, epoch, msn, span)
                return await self._recorded(f"{shown.stream_id} {viewer}", reading, scope, answer)
            return await answer.media([await self._part(shown, msn, index)], scope)
        segment = window.find(msn) if is_ours else None
        if segment is None:
            reading = partial(shown.listing.recorded_segment, epoch, msn)
            return await self._recorded(f"{shown.stream_id} {viewer}", reading, scope, answer)
        if not segment.complete:
            raise Problem(404, "no such file")
        await answer.media([part.data for part in segment.parts], scope)

    async def _recorded(self, viewer: str, reading: Reading, scope: Scope, answer: Answer) -> None:
        """A file of the past; raises Busy before anything is sent."""
        with self._takers.one_more(viewer):
            data = await _read(reading)
            with self._takers.holding(len(data)):
                pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
                await answer.media(pieces, scope)

    async def _part(self, shown: _Shown, msn: int, index: int) -> bytes:
        """A part, waited for when it is the one that PRELOAD-HINT promised."""
        window = shown.window
        loop = asyncio.get_running_loop()
        deadline = loop.time() + window.config.block_seconds
        hinted = (msn, index) == window.next_part
        while True:
            segment = window.find(msn)
            if segment is not None and index < len(segment.parts):
                return segment.parts[index].data
            if not hinted or window.ended or (msn, index) < window.next_part:
                raise Problem(404, "no such part")
            if loop.time() >= deadline or self.closing:
                raise Problem(503, "nothing new has come")
            await window.change()
            shown.require_offered()


class _Shown:
    """The window that a request is about: the source's, or a rendition's."""

    def __init__(self, stream: LiveStream, rendition: str | None) -> None:
        self.stream_id = stream.stream_id
        self._rendition = None
        self.listing = stream.listing
        if rendition is not None:
            self._rendition = stream.ladder.renditions.get(rendition)
            if self._rendition is None:
                raise _not_offered()
            self.listing = self._rendition.listing
        self.window = self.listing.window

    def require_offered(self) -> None:
        """A rendition that fell behind is not waited for: after 404 players change to another at once."""
        if self._rendition is not None and not (self._rendition.is_offered or self.window.ended):
            raise _not_offered()


def _not_offered() -> Problem:
    return Problem(404, "this rendition is not offered at the moment")


def _unpacks(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


async def _read(reading: Reading) -> bytes:
    """What is read, or the answer that makes players ask again when the archive is the trouble."""
    try:
        return await reading()
    except FileNotFoundError:
        raise Problem(404, "no such file") from None
    except Busy:
        raise
    except Exception as error:  # a foreign archive may raise anything
        if not isinstance(error, TimeoutError):
            logger.warning("the archive cannot be read: %r", error)
        raise Problem(503, "the recording cannot be read right now") from None


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
            raise Problem(400, "_HLS_part needs _HLS_msn")


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise Problem(400, "a directive is not a number")
    return int(value)
