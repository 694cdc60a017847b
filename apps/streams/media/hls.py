"""Serves playlists and media from memory, what is older from the recording: raw ASGI, because every viewer
asks ten times a second. One dictionary look-up per file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, MutableMapping
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from apps.streams.media import answers, door, playlists
from apps.streams.media.answers import FRESH, SATISFIED, Answer, Header, Problem, Receive, Reply, Scope, Send
from apps.streams.media.config import MediaConfig
from apps.streams.media.door import Asked, Directives
from apps.streams.media.grants import GrantBook
from apps.streams.media.reading import Busy, Takers
from apps.streams.media.window import LiveWindow

if TYPE_CHECKING:
    from apps.streams.media.stream import LiveStream

logger = logging.getLogger(__name__)

Reading = Callable[[], Coroutine[Any, Any, bytes]]

_LONG = 2 * 1024
"""A playlist of this many bytes is worth packing: one with a few seconds of parts."""
_LIVE = b"/live/"
_UNCOMMON = {b"range", b"content-length", b"transfer-encoding", b"expect"}
"""What a request has that is more than a name."""


class HlsApp:
    """The viewers' door of a node. `streams` is the node's own table, read at every request."""

    def __init__(self, streams: MutableMapping[str, LiveStream], config: MediaConfig) -> None:
        self._streams = streams
        self._grants = GrantBook(config.grant_key)
        self._takers = Takers(per_viewer=config.reader_per_viewer, max_bytes=config.reader_sending_bytes)
        self._cached_in_front = config.cached_in_front
        self._stall_seconds = config.stall_seconds
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = partial(self._route, scope, receive)
        await door.answer(scope, send, self._grants, route, stall_seconds=self._stall_seconds)

    def express(self, target: bytes, headers: Iterable[Header], answer: Callable[[Reply], None]) -> bool:
        """Answer a GET for what every player asks for several times a second: a media playlist that is there
        or comes next, and a part. `answer` is called once, now or when it is there. False: this request is of
        another kind, or there is something wrong with it; `__call__` says what."""
        if not target.startswith(_LIVE):
            return False
        unpacks = False
        for name, value in headers:
            if name in _UNCOMMON:
                return False
            if name == b"accept-encoding" and b"gzip" in value:
                unpacks = True
        path, _, query = target.partition(b"?")
        try:
            asked = door.asked("GET", path.decode("ascii"), self._grants)
            stream = self._streams.get(asked.stream_id)
            if stream is None or not stream.window.playable or self.closing:
                return False
            shown = _Shown(stream, asked.rendition)
            if asked.name == playlists.MEDIA:
                return self._express_playlist(shown, door.directives(query), unpacks, answer)
        except (Problem, UnicodeDecodeError):
            return False
        part = _part_at_hand(shown.window, asked.name)
        if part is None:
            return False
        stream.watchers.fetched(asked.viewer)
        answer(answers.media(part))
        return True

    def _express_playlist(
        self, shown: _Shown, directives: Directives, unpacks: bool, answer: Callable[[Reply], None]
    ) -> bool:
        window, msn, part = shown.window, directives.msn, directives.part
        if msn is None or window.is_far_ahead(msn, part):
            return False
        settled = partial(self._settled, shown, msn, part, self._deadline(shown))
        _Expected(window, settled, partial(_playlist, shown, directives.skip, unpacks), answer).look()
        return True

    async def _route(self, scope: Scope, receive: Receive, asked: Asked, answer: Answer) -> None:
        stream = self._streams.get(asked.stream_id)
        if asked.name == door.CHECK and self._cached_in_front:
            if stream is not None:
                stream.watchers.fetched(asked.viewer)
            return await answer.nothing()
        # Players ask again after 503; after 404 they take a segment for lost. Whoever signed the grant knew
        # the stream: this node may just have been started, and its encoder not be back yet.
        if stream is None or not stream.window.playable or self.closing:
            raise Problem(503, "this stream is not here yet")
        if asked.name == door.VIEWERS:
            stream.watchers.heard(await door.report(receive))
            await answer.nothing()
        elif asked.name == playlists.MEDIA:
            shown = _Shown(stream, asked.rendition)
            await self._media_playlist(shown, door.directives(scope["query_string"]), answer)
        elif asked.path == playlists.MULTIVARIANT:
            await answer.reply(answers.playlist(stream.multivariant()))
        elif asked.path == playlists.PLAIN:
            await self._plain_playlist(stream, asked, answer)
        else:
            await self._file(stream, asked, answer)

    async def _plain_playlist(self, stream: LiveStream, asked: Asked, answer: Answer) -> None:
        playlist = stream.plain_playlist()
        if playlist is None:
            raise Problem(503, "no segment is whole yet")
        await answer.reply(answers.playlist(playlist))
        stream.watchers.followed(asked.viewer)

    async def _media_playlist(self, shown: _Shown, directives: Directives, answer: Answer) -> None:
        cache = FRESH
        if directives.msn is not None:
            cache = await self._block(shown, directives.msn, directives.part)
        elif directives.skip and shown.window.interrupted:
            # It has the playlist already, and after an unchanged answer would ask only every five seconds
            # whether the encoder is back: tell it at once.
            await self._block(shown, *shown.window.next_part)
        await answer.reply(_playlist(shown, directives.skip, answer.unpacks, cache))

    async def _block(self, shown: _Shown, msn: int, part: int | None) -> bytes:
        """Return when the playlist contains what was asked for (RFC 8216bis 6.2.5.2), or will not for a
        while; how long a copy of it may be kept."""
        shown.require_offered()
        if shown.window.is_far_ahead(msn, part):
            raise Problem(400, "that is too far in the future")
        deadline = self._deadline(shown)
        while (cache := self._settled(shown, msn, part, deadline)) is None:
            await shown.window.next_change()
        return cache

    def _deadline(self, shown: _Shown) -> float:
        return asyncio.get_running_loop().time() + shown.window.config.block_seconds

    def _settled(self, shown: _Shown, msn: int, part: int | None, deadline: float) -> bytes | None:
        """How long a copy of the playlist may be kept that goes out now; None when it is to be waited for.

        A stalled encoder makes 503. While it is away the unchanged playlist goes out instead: players give up
        on repeated errors, but not on a playlist that stands still.
        """
        window = shown.window
        shown.require_offered()
        if window.playable and (window.ended or window.has(msn, part)):
            return SATISFIED
        if asyncio.get_running_loop().time() < deadline and not self.closing and window.playable:
            return None
        if window.interrupted and window.playable and not self.closing:
            return FRESH
        raise Problem(503, "nothing new has come")

    async def _file(self, stream: LiveStream, asked: Asked, answer: Answer) -> None:
        shown = _Shown(stream, asked.rendition)
        window = shown.window
        match = door.FILE.match(asked.name)
        if match is None:
            raise Problem(404, "no such file")
        epoch, is_ours = match["epoch"], match["epoch"] == window.epoch
        if match["init"] is not None:
            number = int(match["init"])
            if is_ours and number in window.inits:
                return await answer.media([window.inits[number].data])
            reading = partial(shown.listing.recorded_init, f"{epoch}-{number}")
            return await self._recorded(asked, reading, answer)
        msn = int(match["msn"])
        segment = window.find(msn) if is_ours else None
        if match["part"] is not None:
            if not is_ours:
                raise Problem(404, "no such part")
            await self._one_part(shown, asked, msn, int(match["part"]), answer)
        elif segment is None:
            await self._recorded(asked, partial(shown.listing.recorded_segment, epoch, msn), answer)
        elif segment.complete:
            await answer.media([part.data for part in segment.parts])
        else:
            raise Problem(404, "no such file")
        if answer.gave_media:
            stream.watchers.fetched(asked.viewer)

    async def _one_part(self, shown: _Shown, asked: Asked, msn: int, index: int, answer: Answer) -> None:
        window = shown.window
        if window.find(msn) is None and (span := window.part_span(msn, index)) is not None:
            reading = partial(shown.listing.recorded_segment, window.epoch, msn, span)
            return await self._recorded(asked, reading, answer)
        await answer.media([await self._part(shown, msn, index)])

    async def _recorded(self, asked: Asked, reading: Reading, answer: Answer) -> None:
        """A file of the past; raises Busy before anything is sent."""
        taker = f"{asked.stream_id} {asked.viewer}"
        # An edge asks for all who are there, each file once.
        with nullcontext() if asked.is_edge else self._takers.one_more(taker):
            data = await _read(reading)
            with self._takers.holding(len(data)):
                await answer.file(data)

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
            if not hinted or (window.playable and (window.ended or (msn, index) < window.next_part)):
                raise Problem(404, "no such part")
            if loop.time() >= deadline or self.closing or not window.playable:
                raise Problem(503, "nothing new has come")
            await window.next_change()
            shown.require_offered()


class _Expected:
    """A playlist that somebody waits for, without a task. Holds nothing that holds it: thousands of these a
    second are no work for the collector."""

    __slots__ = ("_answer", "_make", "_settled", "_window")

    def __init__(
        self,
        window: LiveWindow,
        settled: Callable[[], bytes | None],
        make: Callable[[bytes], Reply],
        answer: Callable[[Reply], None],
    ) -> None:
        self._window, self._settled, self._make, self._answer = window, settled, make, answer

    def look(self, _changed: object = None) -> None:
        """Answer if it is time, or look again at the next change."""
        try:
            cache = self._settled()
            reply = None if cache is None else self._make(cache)
        except Problem as problem:
            reply = answers.problem(problem)
        if reply is None:
            self._window.next_change().add_done_callback(self.look)
        else:
            self._answer(reply)


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


def _playlist(shown: _Shown, skip: bool, unpacks: bool, cache: bytes) -> Reply:
    """The media playlist as it is now."""
    shown.require_offered()
    playlist = shown.listing.playlist(skip=skip)
    if len(playlist) >= _LONG and unpacks:
        return answers.playlist(shown.listing.packed(skip=skip), cache=cache, packed=True)
    return answers.playlist(playlist, cache=cache, packed=False)


def _part_at_hand(window: LiveWindow, name: str) -> bytes | None:
    """The part of this name, if it is one and in memory."""
    match = door.FILE.match(name)
    if match is None or match["part"] is None or match["epoch"] != window.epoch:
        return None
    segment, index = window.find(int(match["msn"])), int(match["part"])
    return segment.parts[index].data if segment is not None and index < len(segment.parts) else None


def _not_offered() -> Problem:
    return Problem(404, "this rendition is not offered at the moment")


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
