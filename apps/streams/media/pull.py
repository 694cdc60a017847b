"""One stream at an edge: where it comes from, what is being fetched of it, and who watches."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable

from apps.streams.media import grants
from apps.streams.media.answers import Header, Problem
from apps.streams.media.config import EdgeConfig
from apps.streams.media.door import VIEWERS
from apps.streams.media.reading import Busy
from apps.streams.media.upstream import Reply, Unreachable, Upstream
from apps.streams.media.watchers import Watchers

logger = logging.getLogger(__name__)

Locate = Callable[[str], Awaitable["str | None"]]
"""The origin that serves a stream: its node, or another edge. None: nowhere at the moment."""

_GRANT_SECONDS = 600
_MAX_AGE = re.compile(rb"max-age=(\d{1,3})\Z")
_PACKED: list[Header] = [(b"accept-encoding", b"gzip")]
_REPORTED_AT_ONCE = 20_000
_PLAYLISTS_KEPT = 64


class Pull:
    """Fetches each file once, however many ask for it meanwhile, and whoever of them leaves.

    Belongs to one event loop. Everything raises Problem, or Busy when too much is under way.
    """

    def __init__(self, stream_id: str, locate: Locate, upstream: Upstream, config: EdgeConfig) -> None:
        self.stream_id = stream_id
        self.watchers = Watchers(time.monotonic)
        self.used_at = time.monotonic()
        self.fetching: dict[str, asyncio.Future[Reply]] = {}
        self._locate = locate
        self._upstream = upstream
        self._config = config
        self._playlists: dict[str, tuple[float, Reply]] = {}
        self._source: str | None = None
        self._looked_at = float("-inf")
        self._is_doubtful = False
        self._looking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._grant, self._grant_until = "", 0.0

    async def playlist(self, target: str) -> Reply:
        """A playlist, perhaps in gzip; one that was just fetched is good for a moment."""
        kept = self._playlists.get(target)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        reply = await self.fetch(target, headers=_PACKED)
        if (seconds := self._good_for(target, reply)) > 0:
            self._keep(target, reply, time.monotonic(), seconds)
        return reply

    async def fetch(self, target: str, *, headers: list[Header] | None = None) -> Reply:
        """The file at this address below the stream's; always a 200."""
        under_way = self.fetching.get(target)
        if under_way is None:
            config = self._config
            if (
                len(self.fetching) >= config.max_fetches_per_stream
                or self._upstream.under_way >= config.max_fetches
            ):
                raise Busy
            under_way = self.fetching[target] = asyncio.get_running_loop().create_future()
            self._spawn(self._fetch(target, headers or [], under_way))
        # Whoever leaves takes nobody else's answer along.
        return await asyncio.shield(under_way)

    async def report(self) -> None:
        """Tell upstream who watches; what can't be told is told by the next report, of those who still do."""
        fetching, following = (sorted(each) for each in self.watchers.take())
        while fetching or following:
            told = {
                "fetching": fetching[:_REPORTED_AT_ONCE],
                "following": following[: max(_REPORTED_AT_ONCE - len(fetching), 0)],
            }
            del fetching[: len(told["fetching"])], following[: len(told["following"])]
            try:
                await self._ask(
                    "POST", VIEWERS, [(b"content-type", b"application/json")], json.dumps(told).encode()
                )
            except Problem as problem:
                logger.warning("stream %s: its viewers are not counted: %s", self.stream_id, problem)
                return

    def let_go(self) -> None:
        """Answer everybody who waits, at once."""
        for under_way in self.fetching.values():
            _refuse(under_way, Problem(503, "this edge is closing"))
        for task in self._tasks:
            task.cancel()

    async def _fetch(self, target: str, headers: list[Header], under_way: asyncio.Future[Reply]) -> None:
        try:
            reply = await self._ask("GET", target, headers)
            if not under_way.done():
                under_way.set_result(reply)
        except Problem as problem:
            _refuse(under_way, problem)
        except Exception:  # whoever waits must hear of it
            logger.exception("stream %s: %s", self.stream_id, target)
            _refuse(under_way, Problem(500, "this edge has a fault"))
        finally:
            self.fetching.pop(target, None)

    async def _ask(self, method: str, target: str, headers: list[Header], body: bytes = b"") -> Reply:
        source = await self._whereabouts()
        path = f"/live/{self._own_grant()}/{self.stream_id}/{target}"
        try:
            reply = await self._upstream.request(method, source, path, headers=headers, body=body)
        except Unreachable as trouble:
            self._is_doubtful = True
            logger.warning("stream %s from %s: %s", self.stream_id, source, trouble)
            if trouble.late:
                raise Problem(504, "the stream's node does not answer in time") from None
            raise Problem(502, "the stream's node cannot be reached") from None
        if reply.status in (200, 204):
            return reply
        if reply.status == 503:
            self._is_doubtful = True
        if reply.status in (400, 404, 503):
            raise Problem(reply.status, reply.body[:200].decode("utf-8", "replace").strip())
        if reply.status == 403:
            logger.error("%s refuses this edge's grants: they need its GRANT_KEY and the time", source)
        raise Problem(502, "the stream's node gives an answer that makes no sense")

    async def _whereabouts(self) -> str:
        """Where to ask. What has worked is believed while it is looked up again."""
        age = time.monotonic() - self._looked_at
        if self._source is None or self._is_doubtful:
            await self._look_up()
        elif age > self._config.whereabouts_seconds and not self._looking.locked():
            self._spawn(self._look_up())
        if self._source is None:
            raise Problem(503, "this stream is not here yet")
        return self._source

    async def _look_up(self) -> None:
        async with self._looking:
            if time.monotonic() - self._looked_at < self._config.retry_seconds:
                return
            self._looked_at = time.monotonic()
            try:
                async with asyncio.timeout(self._config.lookup_seconds):
                    found = await self._locate(self.stream_id)
            except Exception:  # the database may be away: where it was is still the best guess
                logger.warning("stream %s cannot be located", self.stream_id, exc_info=True)
                return
            if found is None and not self._is_doubtful:
                return  # it may have ended, and says so itself for a while
            if found != self._source:
                self._playlists.clear()
            self._source, self._is_doubtful = found, False

    def _own_grant(self) -> str:
        now = time.time()
        if now > self._grant_until:
            self._grant_until = now + _GRANT_SECONDS / 2
            expires = int(now + _GRANT_SECONDS)
            self._grant = grants.sign(self._config.grant_key, self.stream_id, grants.EDGE, expires)
        return self._grant

    def _keep(self, target: str, reply: Reply, now: float, seconds: float) -> None:
        if len(self._playlists) >= _PLAYLISTS_KEPT:
            self._playlists = {name: one for name, one in self._playlists.items() if one[0] > now}
        if len(self._playlists) < _PLAYLISTS_KEPT:
            self._playlists[target] = (now + seconds, reply)

    def _good_for(self, target: str, reply: Reply) -> float:
        told = _MAX_AGE.search(reply.headers.get(b"cache-control", b""))
        if told is not None:
            return int(told[1])
        return 0.0 if "?" in target else self._config.playlist_seconds

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refuse(under_way: asyncio.Future[Reply], problem: Problem) -> None:
    if not under_way.done():
        under_way.set_exception(problem)
        under_way.exception()  # everybody who asked may have left
