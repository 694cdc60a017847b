"""Many small questions at once become one larger one, without making a lone one wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 500


class Gather(Generic[K, V]):
    """Answers `get(key)` by calling `fetch(keys)`, which returns an answer for each key in their order.

    The first question goes out at once; those that come while it is on its way, or within `pause` seconds of
    its start, go together with the next. A failure of `fetch` is raised in every `get` it was for; where
    nobody awaits it any more, it is forgotten.
    """

    def __init__(self, fetch: Callable[[list[K]], Awaitable[Sequence[V]]], *, pause: float = 0.0) -> None:
        self._fetch = fetch
        self._pause = pause
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._running: asyncio.Task[None] | None = None

    def get(self, key: K) -> asyncio.Future[V]:
        """The answer to come. It is asked for now, whenever it is awaited."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[V] = loop.create_future()
        if self._running is None or self._running.done() or self._running.get_loop() is not loop:
            self._waiting = []  # what a loop that has ended left behind
            # A task of its own: whoever asked first may be cancelled while others wait for their answers.
            self._running = asyncio.create_task(self._run())
        self._waiting.append((key, answer))
        return answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            next_at = loop.time() + self._pause
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                answers = await self._fetch([key for key, _ in batch])
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                        answer.exception()  # who has left would be logged as one who forgot to look
            else:
                for (_, answer), value in zip(batch, answers, strict=True):
                    if not answer.done():
                        answer.set_result(value)
            if (rest := next_at - loop.time()) > 0:
                await asyncio.sleep(rest)
