"""Reads recorded media back for viewers who went back in time, without ever holding up those who did not."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from apps.streams.media.ports import Archive


class Busy(Exception):
    """More is being read than the archive can take."""


class Takers:
    """Who takes something of the past at the moment, and how much of it: bounded for each and for all."""

    def __init__(self, *, per_viewer: int, max_bytes: int) -> None:
        self.bytes = 0
        self._per_viewer = per_viewer
        self._max_bytes = max_bytes
        self._files: Counter[str] = Counter()

    @contextmanager
    def one_more(self, viewer: str) -> Iterator[None]:
        """This viewer waits for a file or takes it; Busy when there are enough already."""
        if self._files[viewer] >= self._per_viewer:
            raise Busy
        self._files[viewer] += 1
        try:
            yield
        finally:
            self._files[viewer] -= 1
            if not self._files[viewer]:
                del self._files[viewer]

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """So many bytes are in memory until they are taken; Busy when too many are."""
        if self.bytes + size > self._max_bytes:
            raise Busy
        self.bytes += size
        try:
            yield
        finally:
            self.bytes -= size


class RecordingReader:
    """One read for all who want the same file at the same time, in threads of its own.

    How many wait and how long, and what is remembered, is bounded: for all streams of a node together.
    """

    def __init__(
        self, archive: Archive, *, threads: int, max_reads: int, cache_bytes: int, seconds: float
    ) -> None:
        self.max_reads = max_reads
        self.cache_bytes = cache_bytes
        self.cached_bytes = 0
        self._archive = archive
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="reader")
        self._reading: dict[str, asyncio.Future[bytes]] = {}
        self._cache: OrderedDict[str, bytes] = OrderedDict()

    async def read(self, path: str) -> bytes:
        """The whole file; raises Busy, TimeoutError, or what the archive raises."""
        known = self._cache.get(path)
        if known is not None:
            self._cache.move_to_end(path)
            return known
        reading = self._reading.get(path)
        if reading is None:
            if len(self._reading) >= self.max_reads:
                raise Busy
            reading = asyncio.get_running_loop().run_in_executor(self._pool, self._archive.read, path)
            self._reading[path] = reading
            reading.add_done_callback(partial(self._remember, path))
        return await asyncio.wait_for(asyncio.shield(reading), self._seconds)

    def close(self) -> None:
        """Let go of the threads; who still waits gets nothing."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _remember(self, path: str, reading: asyncio.Future[bytes]) -> None:
        del self._reading[path]
        if reading.cancelled() or reading.exception() is not None:
            return
        data = reading.result()
        self._cache[path] = data
        self.cached_bytes += len(data)
        while self.cached_bytes > self.cache_bytes:
            _, oldest = self._cache.popitem(last=False)
            self.cached_bytes -= len(oldest)
