"""What a node has begun and nobody waits for."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Errands:
    """Tasks that are kept until they are done; what is told of one stream is told in its order."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[None]] = set()
        self._telling: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.keep(asyncio.get_running_loop().create_task(work))

    def keep(self, task: asyncio.Task[None]) -> None:
        """A task that runs already."""
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    def tell(self, stream_id: str, call: Coroutine[Any, Any, None]) -> None:
        """Make this call to the gate, after those of the same stream that were begun before."""
        # Whoever waits in line holds the lock, and so keeps it in the table.
        lock = self._telling.setdefault(stream_id, asyncio.Lock())
        self.run(_in_turn(stream_id, lock, call))


async def _in_turn(stream_id: str, lock: asyncio.Lock, call: Coroutine[Any, Any, None]) -> None:
    async with lock:
        try:
            await call
        except Exception:  # the gate's troubles are not the viewers'
            logger.exception("stream %s: the gate failed", stream_id)
