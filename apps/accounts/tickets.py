"""Tickets: how a page's websocket says whose it is, without cookies.

A ticket is signed, lives a minute and works once; the page carries one, and POST /api/auth/ws-ticket gives
another. It names the session that it was issued in, encrypted: addresses end up in logs.
"""

from __future__ import annotations

import functools
import secrets
import threading
import time
import uuid

from allauth.headless.tokens.strategies.jwt.internal import session_key_from_sid, session_key_to_sid
from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from apps.core.realtime.gather import Gather
from apps.core.realtime.redis import loop_client

from .sessions import SignIn, sign_in_of

SECONDS = 60
# From base64 to what may stand in an address, and back (RFC 4648, section 5).
_TO_URL, _FROM_URL = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")


def _signer() -> signing.TimestampSigner:
    return _signer_of(settings.SECRET_KEY)


@functools.lru_cache(maxsize=2)
def _signer_of(key: str) -> signing.TimestampSigner:
    # Made once a key: a crowd that comes back brings thousands of tickets.
    return signing.TimestampSigner(key=key, salt="accounts.websocket")


def issue(sign_in: SignIn) -> str:
    """A ticket for a socket of this sign-in, safe to put into a URL."""
    session = session_key_to_sid(sign_in.session_key).translate(_TO_URL)
    return _signer().sign(f"{sign_in.user_id.hex}.{secrets.token_urlsafe(9)}.{session}")


def for_page(request: HttpRequest) -> str:
    """The ticket that a page carries, "" for who is not signed in."""
    sign_in = sign_in_of(request)
    return issue(sign_in) if sign_in else ""


async def redeem(ticket: str) -> SignIn | None:
    """Use up `ticket`: the sign-in that it was issued for; None when it is forged, old or used. Whether the
    session still holds is another question (`sockets.SignedIn`)."""
    try:
        person, nonce, session = _signer().unsign(ticket, max_age=SECONDS).split(".")
    except (signing.BadSignature, ValueError):  # or one of an older release
        return None
    session_key = session_key_from_sid(session.translate(_FROM_URL))
    if session_key is None or not await _first_use(nonce):
        return None
    return SignIn(uuid.UUID(hex=person), session_key)


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
