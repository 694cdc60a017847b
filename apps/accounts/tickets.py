"""Tickets: how a page's websocket says whose it is, without cookies and without a session look-up.

A ticket is signed, lives a minute and works once; the page carries one, and POST /api/auth/ws-ticket gives
another.
"""

from __future__ import annotations

import functools
import secrets
import threading
import time
import uuid

from django.conf import settings
from django.core import signing

from apps.core.realtime.gather import Gather
from apps.core.realtime.redis import loop_client

from .models import User

SECONDS = 60


def _signer() -> signing.TimestampSigner:
    return _signer_of(settings.SECRET_KEY)


@functools.lru_cache(maxsize=2)
def _signer_of(key: str) -> signing.TimestampSigner:
    # Made once a key: a crowd that comes back brings thousands of tickets.
    return signing.TimestampSigner(key=key, salt="accounts.websocket")


def issue(user: User) -> str:
    """A ticket for `user`, safe to put into a URL."""
    return _signer().sign(f"{user.pk.hex}.{secrets.token_urlsafe(9)}")


async def redeem(ticket: str) -> uuid.UUID | None:
    """Use up `ticket`: the id of the person it was issued for; None when it is forged, old or used."""
    try:
        person, _, nonce = _signer().unsign(ticket, max_age=SECONDS).partition(".")
    except signing.BadSignature:
        return None
    if not await _first_use(nonce):
        return None
    return uuid.UUID(hex=person)


async def _first_use(nonce: str) -> bool:
    """Whether nobody has used `nonce` before, in any process when there is a Redis to meet at."""
    if settings.REDIS_URL:
        return await _asked.get(nonce)
    return _used_here.add(nonce)


_USE = """
local firsts = {}
for i, key in ipairs(KEYS) do
  firsts[i] = redis.call('SET', key, 1, 'NX', 'EX', ARGV[1]) and 1 or 0
end
return firsts
"""


async def _use_all(nonces: list[str]) -> list[bool]:
    keys = [f"ticket:{nonce}" for nonce in nonces]
    firsts = await loop_client().eval(_USE, len(keys), *keys, SECONDS + 5)
    return [bool(first) for first in firsts]


# When a crowd comes, those who come within this time are asked about together.
_asked = Gather(_use_all, pause=0.008)


class _Once:
    """What was seen in the last `seconds`, forgotten as it ages; safe to use from several threads."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}  # in the order of their times

    def add(self, key: str) -> bool:
        """Whether `key` was not here yet; it is from now on."""
        now = time.monotonic()
        with self._lock:
            while self._seen and (oldest := next(iter(self._seen))) and self._seen[oldest] <= now:
                del self._seen[oldest]
            if key in self._seen:
                return False
            self._seen[key] = now + self._seconds
            return True


_used_here = _Once(SECONDS + 5)
