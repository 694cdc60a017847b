"""Grants: who may fetch which stream until when, or transcode it, checked by a signature alone.

A grant is a path segment, `{expires}.{viewer}.{signature}`, so that playlists name their files relative to it
and stay the same bytes for everybody. One of a purpose is worth nothing for another.
"""

from __future__ import annotations

import base64
import hmac
import re
import time

# Viewers whom nobody counts begin with a dash: somebody of the channel's crew who looks at their own picture,
# and an edge, which tells who watches through it.
UNCOUNTED = "-"
EDGE = "-edge"

PLAYBACK, TRANSCODING = "playback", "transcoding"

VIEWER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_SIGNATURE_BYTES = 18
_SHARED_SECONDS = 300
_REMEMBERED = 20_000


class GrantRefused(Exception):
    """The grant is malformed, forged, for another stream, or expired."""


def sign(key: bytes, stream_id: str, viewer: str, expires: int, *, purpose: str = PLAYBACK) -> str:
    """A grant for `viewer` (opaque, [A-Za-z0-9_-], at most 64) until `expires`, epoch seconds."""
    if not VIEWER.match(viewer):
        raise ValueError("a viewer is 1 to 64 of A-Z a-z 0-9 _ -")
    return f"{expires:x}.{viewer}.{_signature(key, purpose, stream_id, viewer, expires)}"


def share(key: bytes, stream_id: str, at: float) -> str:
    """The one grant of all viewers for media of the moment `at`, epoch seconds: the same for five minutes of
    media, good for five to ten minutes. Nobody is counted by it."""
    return sign(key, stream_id, UNCOUNTED, (int(at) // _SHARED_SECONDS + 2) * _SHARED_SECONDS)


def verify(key: bytes, stream_id: str, grant: str, *, now: float, purpose: str = PLAYBACK) -> tuple[str, int]:
    """Viewer and expiry of a valid grant; raises GrantRefused, in the same time for every wrong signature."""
    try:
        expiry, viewer, signature = grant.split(".")
        expires = int(expiry, 16)
    except ValueError:
        raise GrantRefused("malformed") from None
    if len(expiry) > 12 or not VIEWER.match(viewer):
        raise GrantRefused("malformed")
    expected = _signature(key, purpose, stream_id, viewer, expires)
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        raise GrantRefused("forged")
    if expires <= now:
        raise GrantRefused("expired")
    return viewer, expires


class GrantBook:
    """Verifies grants and remembers the good ones: a viewer shows the same grant several times a second."""

    def __init__(self, key: bytes, *, purpose: str = PLAYBACK) -> None:
        self._key = key
        self._purpose = purpose
        self._known: dict[tuple[str, str], tuple[str, int]] = {}

    def viewer(self, stream_id: str, grant: str) -> str:
        """Who holds the grant; raises GrantRefused."""
        now = time.time()
        known = self._known.get((stream_id, grant))
        if known is not None:
            if known[1] > now:
                return known[0]
            del self._known[(stream_id, grant)]
            raise GrantRefused("expired")
        verified = verify(self._key, stream_id, grant, now=now, purpose=self._purpose)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[(stream_id, grant)] = verified
        return verified[0]


def _signature(key: bytes, purpose: str, stream_id: str, viewer: str, expires: int) -> str:
    message = f"aethex.{purpose}.1|{stream_id}|{viewer}|{expires:x}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")[:_SIGNATURE_BYTES]).decode()
