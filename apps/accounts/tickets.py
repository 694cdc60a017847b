"""Tickets: how a page's websocket says whose it is, without cookies.

A ticket is sealed, lives a minute and works once; the page carries one, and POST /api/auth/ws-ticket gives
another. It names the session that it was issued in, which nobody else can read: addresses end up in logs.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import secrets
import threading
import time
import uuid
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from apps.core.realtime.gather import Gather
from apps.core.realtime.redis import loop_client

from .sessions import SignIn, sign_in_of

SECONDS = 60
# A ticket, before base64: a nonce, by which it is told from every other, and sealed the moment of its issue
# (seconds), whose it is and the session's key.
_NONCE, _MOMENT, _PERSON = 12, 8, 16
MOST = 256


@functools.lru_cache(maxsize=2)
def _seal_of(secret: str) -> AESGCM:
    # Made once a secret: a crowd that comes back brings thousands of tickets.
    return AESGCM(salted_hmac("accounts.websocket", "ticket", secret=secret, algorithm="sha256").digest())


def issue(sign_in: SignIn) -> str:
    """A ticket for a socket of this sign-in, safe to put into a URL."""
    nonce = secrets.token_bytes(_NONCE)
    moment = int(time.time()).to_bytes(_MOMENT, "big")
    told = moment + sign_in.user_id.bytes + sign_in.session_key.encode()
    sealed = nonce + _seal_of(settings.SECRET_KEY).encrypt(nonce, told, None)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def for_page(request: HttpRequest) -> str:
    """The ticket that a page carries, "" for who is not signed in."""
    sign_in = sign_in_of(request)
    return issue(sign_in) if sign_in else ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket of ours, and whose it is. Whether it is used for the first time, and whether the session still
    holds, are other questions (`use_up`, `sockets.SignedIn`). `issued_at` is in seconds since the epoch."""

    nonce: str
    issued_at: int
    sign_in: SignIn

    @property
    def is_old(self) -> bool:
        return self.issued_at < time.time() - SECONDS


def opened(ticket: str) -> Opened | None:
    """What is in `ticket`; None when it is forged or old."""
    try:
        sealed = base64.urlsafe_b64decode(ticket[:MOST] + "==")
        nonce = sealed[:_NONCE]
        told = _seal_of(settings.SECRET_KEY).decrypt(nonce, sealed[_NONCE:], None)
    except (ValueError, InvalidTag):  # or one of an older release
        return None
    moment, rest = told[:_MOMENT], told[_MOMENT:]
    sign_in = SignIn(uuid.UUID(bytes=rest[:_PERSON]), rest[_PERSON:].decode())
    found = Opened(nonce.hex(), int.from_bytes(moment, "big"), sign_in)
    return None if found.is_old else found


def use_up(ticket: Opened) -> asyncio.Future[bool]:
    """Whether it is still young and nobody has used it before, in any process when there is a Redis to meet
    at. It is used from now on, whenever the answer is awaited; that raises RedisError."""
    if settings.REDIS_URL:
        return _asked.get(ticket)
    answer = asyncio.get_running_loop().create_future()
    answer.set_result(not ticket.is_old and _used_here.add(ticket.nonce))
    return answer


_USE = """
local firsts = {}
for i, key in ipairs(KEYS) do
  firsts[i] = redis.call('SET', key, 1, 'NX', 'EX', ARGV[1]) and 1 or 0
end
return firsts
"""


async def _use_all(opened: list[Opened]) -> list[bool]:
    keys = [f"ticket:{ticket.nonce}" for ticket in opened]
    firsts = await loop_client().eval(_USE, len(keys), *keys, SECONDS + 5)
    # Old by now, if Redis let them wait: what was used when it was young may be forgotten.
    return [bool(first) and not ticket.is_old for ticket, first in zip(opened, firsts, strict=True)]


# When a crowd comes, those who come within this time are asked about together.
_asked = Gather(_use_all, pause=0.016)


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
