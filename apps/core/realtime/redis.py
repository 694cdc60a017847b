"""Where processes meet for what must be exact across them: one client a process for threads, one a loop."""

from __future__ import annotations

import asyncio
import weakref
from functools import cache

import redis
import redis.asyncio
from django.conf import settings

# Nobody waits longer for a Redis that hangs: every use has an answer without it.
PATIENCE = 2.0
_of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = (
    weakref.WeakKeyDictionary()
)


@cache
def client() -> redis.Redis:
    """The blocking client; only when REDIS_URL is set."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, decode_responses=True
    )


def loop_client() -> redis.asyncio.Redis:
    """The running loop's client; only when REDIS_URL is set."""
    loop = asyncio.get_running_loop()
    found = _of_loops.get(loop)
    if found is None:
        found = _of_loops[loop] = redis.asyncio.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            decode_responses=True,
        )
    return found
