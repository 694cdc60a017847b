"""The channel layer of the one-process default: hints between threads, without a server.

Django Channels' in-memory layer sweeps everything on every receive, wakes a waiting loop only at its next
turn when another thread sends, and forgets group members after a day. This one does none of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import InMemoryChannelLayer

SWEEP_SECONDS = 1.0
FOREVER = 100 * 365 * 86_400


class EmbeddedLayer(InMemoryChannelLayer):
    """Sends may come from any thread; they run on the loop that receives."""

    def __init__(self, expiry: int = 60, capacity: int = 10_000, **options: Any) -> None:
        # A hub joins a group once and stays: the library would drop it after 24 hours.
        super().__init__(expiry=expiry, capacity=capacity, group_expiry=FOREVER, **options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._swept = 0.0

    def _clean_expired(self) -> None:
        if time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept = time.monotonic()
            super()._clean_expired()

    async def receive(self, channel: str) -> dict[str, Any]:
        self._loop = asyncio.get_running_loop()
        return await super().receive(channel)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._at_home(super().send, channel, message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._at_home(super().group_send, group, message)

    async def group_add(self, group: str, channel: str) -> None:
        await self._at_home(super().group_add, group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._at_home(super().group_discard, group, channel)

    async def _at_home(self, act: Callable[..., Awaitable[None]], *args: Any) -> None:
        home = self._loop
        if home is None or not home.is_running() or home is asyncio.get_running_loop():
            await act(*args)
            return

        async def there() -> None:
            await act(*args)

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), home))
