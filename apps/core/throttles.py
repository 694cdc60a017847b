"""Request limits of the API: so many a minute and address, or a minute and person."""

from __future__ import annotations

import logging
import time
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)


class Window(BaseThrottle):
    """A fixed window per key, counted with the cache's atomic increment.

    The counter lives in the shared cache, so the limit holds over processes. Every answer carries what is
    left (`RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`; see aethex/middleware).
    """

    rate_name = ""

    def allow_request(self, request: Any, view: Any) -> bool:
        name, key = self.bucket(request)
        limit, seconds = (int(n) for n in settings.API_RATES[name].split("/"))
        now = time.time()
        slot, self.reset = int(now // seconds), seconds - now % seconds
        cache_key = f"throttle:{name}:{key}:{slot}"
        used = _count(cache_key, seconds + 5)
        quota = (limit, max(0, limit - used), self.reset)
        held = getattr(request._request, "quota", None)
        if held is None or quota[1] < held[1]:
            request._request.quota = quota
        return used <= limit

    def wait(self) -> float:
        return self.reset

    def bucket(self, request: Any) -> tuple[str, str]:
        if request.user and request.user.is_authenticated:
            return self.rate_name or "person", str(request.user.pk)
        return self.rate_name or "anonymous", self.get_ident(request)


def _count(key: str, seconds: int) -> int:
    """How often this was called for `key` within `seconds`, this time included."""
    try:
        cache.add(key, 0, seconds)
        return cache.incr(key)
    except ValueError:  # evicted between the two calls
        return 1
    except redis.RedisError as error:
        # Refusing everybody because a counter is away would turn a small failure into a large one.
        log.warning("Redis does not count requests: %s", error)
        return 1


class Everyone(Window):
    """100 a minute and address, 300 a minute and person."""


class StreamControl(Window):
    """50 a minute for what starts, changes and ends streams."""

    rate_name = "stream"


class PlaybackReports(Window):
    """300 a minute and person or address: more players of one school tell nothing new."""

    rate_name = "playback"
