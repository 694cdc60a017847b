"""Tokens of the API: a short access token and a refresh token that works once, both bound to a session.

The session is a row like the one that a browser's cookie names, so one list shows every place where a person
is signed in, and ending a session ends its tokens at once. Refresh tokens rotate as RFC 9700, section 4.14.2
asks: one that comes back a second time was copied, and nobody can tell by whom, so its session ends.
"""

from __future__ import annotations

from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from django.contrib.sessions.models import Session
from django.db import transaction

from .sessions import SignIn, end_session


class OneUseRefresh(JWTTokenStrategy):
    """django-allauth's tokens, with reuse of a refresh token ending the session."""

    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        """The next `(access, refresh)`, or None when the token is unknown, expired or used already."""
        payload = internal.decode_token(refresh_token, "refresh")
        session_key = payload and internal.session_key_from_sid(payload["sid"])
        if not session_key:
            return None
        with transaction.atomic():
            # Two may come with one token at once: the row decides who is first; the session is read after.
            Session.objects.select_for_update().filter(session_key=session_key).first()
            pair = super().refresh_token(refresh_token)
            if pair is None:
                end_session(session_key)
        return pair


def validate_access_token(token: str) -> SignIn | None:
    """The person and the live session that `token` belongs to; None when it is forged, expired or signed out.

    Asks the database twice: for the session and for the person. Sync; a coroutine calls it in a thread.
    """
    found = internal.validate_access_token(token)
    session_key = found and internal.session_key_from_sid(found[1]["sid"])
    return SignIn(found[0].pk, session_key) if found and session_key else None
