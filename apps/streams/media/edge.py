"""The edge: the viewers' door of streams that run elsewhere. One request upstream for any number of viewers,
all of them woken at once; edges may stand behind edges.

    edge = EdgeNode(locate, EdgeConfig(grant_key=key))
    await edge.start()
    ... mount edge.app at /live/ ...
    await edge.stop()
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from functools import partial

from apps.streams.media import answers, door, playlists
from apps.streams.media.answers import FRESH, Answer, Problem, Receive, Scope, Send
from apps.streams.media.config import EdgeConfig
from apps.streams.media.door import Asked
from apps.streams.media.grants import GrantBook
from apps.streams.media.pull import Locate, Pull
from apps.streams.media.shelf import Shelf
from apps.streams.media.upstream import Upstream

logger = logging.getLogger(__name__)

_REPORTS_AT_ONCE = 32


class EdgeNode:
    """Pulls what is asked for; `app` is the ASGI callable for all below `/live/`."""

    def __init__(self, locate: Locate, config: EdgeConfig) -> None:
        self.config = config
        self._locate = locate
        self._grants = GrantBook(config.grant_key)
        self._upstream = Upstream(
            config.patience, max_bytes=config.file_bytes, max_receiving=config.receiving_bytes
        )
        self._pulls: dict[str, Pull] = {}
        self._live = Shelf(config.live_bytes)
        self._segments = Shelf(config.segment_bytes)
        self._reporting: asyncio.Task[None] | None = None
        self._is_closing = False

    async def start(self) -> None:
        self._reporting = asyncio.create_task(self._report_forever())

    async def stop(self) -> None:
        """Let all viewers go and hang up upstream."""
        if self._reporting is not None:
            self._reporting.cancel()
        self.let_go()
        self._upstream.close()

    def let_go(self) -> None:
        """Answer everybody with 503, at once, those who wait too: the HTTP server is about to stop."""
        self._is_closing = True
        for pull in self._pulls.values():
            pull.let_go()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = partial(self._route, scope, receive)
        await door.answer(scope, send, self._grants, route, stall_seconds=self.config.stall_seconds)

    async def _route(self, scope: Scope, receive: Receive, asked: Asked, answer: Answer) -> None:
        if self._is_closing:
            raise Problem(503, "this edge is closing")
        pull = self._pull(asked.stream_id)
        if asked.name == door.CHECK and self.config.cached_in_front:
            pull.watchers.fetched(asked.viewer)
            await answer.nothing()
        elif asked.name == door.VIEWERS:
            pull.watchers.heard(await door.report(receive))
            await answer.nothing()
        elif asked.name == playlists.MEDIA:
            query = door.directives(scope["query_string"]).query
            await self._playlist(pull, f"{asked.path}?{query}" if query else asked.path, answer)
        elif asked.path == playlists.MULTIVARIANT:
            await self._playlist(pull, asked.path, answer)
        elif asked.path == playlists.PLAIN:
            await self._playlist(pull, asked.path, answer)
            pull.watchers.followed(asked.viewer)
        else:
            await self._file(pull, asked, answer)

    async def _playlist(self, pull: Pull, target: str, answer: Answer) -> None:
        reply = await pull.playlist(target)
        cache = reply.headers.get(b"cache-control", FRESH)
        is_packed = reply.headers.get(b"content-encoding") == b"gzip"
        if is_packed and not answer.unpacks:
            data = _unpacked(reply.body, self.config.playlist_bytes)
            return await answer.reply(answers.playlist(data, cache=cache, packed=False))
        varies = b"vary" in reply.headers
        packed = is_packed if varies else None
        await answer.reply(answers.playlist(reply.body, cache=cache, packed=packed))

    async def _file(self, pull: Pull, asked: Asked, answer: Answer) -> None:
        match = door.FILE.match(asked.name)
        if match is None:
            raise Problem(404, "no such file")
        is_segment = match["init"] is None and match["part"] is None
        shelf = self._segments if is_segment else self._live
        name = f"{pull.stream_id}/{asked.path}"
        file = shelf.find(name)
        if file is None:
            reply = await pull.fetch(asked.path)
            # Of all who have waited, the first puts it there.
            file = shelf.find(name) or shelf.put(name, reply.body)
        if is_segment:
            with shelf.lend(file) as data:
                await answer.file(data)
        else:
            await answer.media([file.data])
        if answer.gave_media and match["init"] is None:
            pull.watchers.fetched(asked.viewer)

    def _pull(self, stream_id: str) -> Pull:
        pull = self._pulls.get(stream_id)
        if pull is None:
            pull = self._pulls[stream_id] = Pull(stream_id, self._locate, self._upstream, self.config)
        pull.used_at = time.monotonic()
        return pull

    async def _report_forever(self) -> None:
        while True:
            await asyncio.sleep(self.config.report_seconds)
            pulls = list(self._pulls.values())
            for first in range(0, len(pulls), _REPORTS_AT_ONCE):
                reports = [pull.report() for pull in pulls[first : first + _REPORTS_AT_ONCE]]
                for trouble in await asyncio.gather(*reports, return_exceptions=True):
                    if isinstance(trouble, Exception):
                        logger.error("a report of viewers failed", exc_info=trouble)
            self.forget(unused_since=time.monotonic() - self.config.idle_seconds)

    def forget(self, *, unused_since: float) -> None:
        """Let go of streams that nobody asked for since then (monotonic seconds), and of their media."""
        for pull in list(self._pulls.values()):
            if pull.used_at < unused_since and not pull.fetching:
                del self._pulls[pull.stream_id]
                for shelf in (self._live, self._segments):
                    shelf.drop(f"{pull.stream_id}/")


def _unpacked(data: bytes, max_bytes: int) -> bytes:
    """For the few who don't understand gzip."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        whole = unpacker.decompress(data, max_bytes)
    except zlib.error:
        raise Problem(502, "the stream's node gives an answer that makes no sense") from None
    if not unpacker.eof:
        raise Problem(502, "the stream's node gives an answer that makes no sense")
    return whole
