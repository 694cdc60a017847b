"""How often a person may do a thing, exact over all processes: n times within any s seconds.

The last n times are kept, and the oldest of them decides; so there is no window edge at which twice as much
passes. With REDIS_URL the times are in Redis and its clock counts; without, or while Redis does not answer,
in this process's memory.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque

import redis
from django.conf import settings

from apps.core.realtime.gather import Gather
from apps.core.realtime.redis import client, loop_client

log = logging.getLogger(__name__)

_TAKE = """
local most, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local waits = {}
for i, key in ipairs(KEYS) do
  local oldest = redis.call('LINDEX', key, most - 1)
  if oldest and now - oldest < window then
    waits[i] = window - (now - oldest)
  else
    redis.call('LPUSH', key, now)
    redis.call('LTRIM', key, 0, most - 1)
    redis.call('PEXPIRE', key, window)
    waits[i] = 0
  end
end
return waits
"""
FORGET_EVERY = 60.0
# A Redis that failed is asked again so much later, by one for all. A coroutine gives it less time than a
# thread does: a whole room may wait for it.
AWAY_SECONDS = 5.0
ANSWER_SECONDS = 0.5
# In a busy room those who speak within this time are asked about together.
PAUSE = 0.005


def parse(rate: str) -> tuple[int, float]:
    """`"5/10"` is five times within ten seconds. Raises ValueError for anything else."""
    most, _, seconds = rate.partition("/")
    parsed = int(most), float(seconds)
    if parsed[0] < 1 or parsed[1] <= 0:
        raise ValueError(f"{rate!r} is not a rate. Write times/seconds, such as 5/10.")
    return parsed


class Limit:
    """One rule, such as the chat's. Keys name whom it counts for."""

    def __init__(self, name: str, rate: str) -> None:
        self.name = name
        self.most, self.seconds = parse(rate)
        self._memory = _Memory(self.most, self.seconds)
        self._gathered = Gather(self._ask, pause=PAUSE)
        self._failed_at: float | None = None

    def take(self, key: str) -> float:
        """Use one turn: 0 when there was one, else the seconds until there is. Blocks; a coroutine uses
        `atake`."""
        if not self._asks_redis():
            return self._memory.take(key)
        try:
            waits = client().eval(_TAKE, 1, self._key(key), self.most, int(self.seconds * 1000))
        except redis.RedisError as error:
            self._failed(error)
            return self._memory.take(key)
        self._failed_at = None
        return waits[0] / 1000

    async def atake(self, key: str) -> float:
        """Like `take`. Calls that come while Redis is being asked, or within PAUSE of that, go together with
        the next question."""
        if not settings.REDIS_URL:
            return self._memory.take(key)
        return await self._gathered.get(key)

    async def atake_all(self, keys: list[str]) -> list[float]:
        """`atake` for each of these keys, in their order; one question for all."""
        return await self._ask(keys)

    async def _ask(self, keys: list[str]) -> list[float]:
        if not self._asks_redis():
            return [self._memory.take(key) for key in keys]
        named = [self._key(key) for key in keys]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                waits = await loop_client().eval(
                    _TAKE, len(keys), *named, self.most, int(self.seconds * 1000)
                )
        except (redis.RedisError, OSError, TimeoutError) as error:
            self._failed(error)
            return [self._memory.take(key) for key in keys]
        self._failed_at = None
        return [wait / 1000 for wait in waits]

    def _key(self, key: str) -> str:
        return f"rate:{self.name}:{key}"

    def _asks_redis(self) -> bool:
        """Whether Redis is there to be asked, or it is time to try."""
        if not settings.REDIS_URL:
            return False
        if self._failed_at is not None:
            now = time.monotonic()
            if now - self._failed_at < AWAY_SECONDS:
                return False
            self._failed_at = now  # this one tries; nobody else waits meanwhile
        return True

    def _failed(self, error: Exception) -> None:
        # Refusing everybody because a counter is away would turn a small failure into a large one.
        if self._failed_at is None:
            log.warning("Redis does not count %s (%s): each process does.", self.name, error)
        self._failed_at = time.monotonic()


class _Memory:
    """The same rule inside one process; usable from several threads."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._forgot_at = time.monotonic()

    def take(self, key: str) -> float:
        now = time.monotonic()
        with self._lock:
            if now - self._forgot_at > FORGET_EVERY:
                self._forget(now)
            times = self._times.setdefault(key, deque(maxlen=self._most))
            if len(times) == self._most and now - times[0] < self._seconds:
                return self._seconds - (now - times[0])
            times.append(now)
            return 0.0

    def _forget(self, now: float) -> None:
        self._forgot_at = now
        for key in [key for key, times in self._times.items() if now - times[-1] > self._seconds]:
            del self._times[key]
