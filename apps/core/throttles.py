"""Request limits of the API: so many a minute and address, or a minute and person."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle


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
        cache.add(cache_key, 0, seconds + 5)
        try:
            used = cache.incr(cache_key)
        except ValueError:  # evicted between the two calls
            used = 1
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


class Everyone(Window):
    """100 a minute and address, 300 a minute and person."""


class StreamControl(Window):
    """50 a minute for what starts, changes and ends streams."""

    rate_name = "stream"
