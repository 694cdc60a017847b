"""The question before a channel for a mature audience."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from .models import Channel

COOKIE = "mature"
ASKED_AGAIN_AFTER = 24 * 3600


def asks_first(request: HttpRequest, channel: Channel) -> bool:
    """Whether this browser has to be asked before it is shown the channel; the owner's never."""
    is_owner = channel.owner_id == request.user.pk
    return channel.is_mature and not is_owner and request.COOKIES.get(COOKIE) != "yes"


def remember_yes(response: HttpResponse) -> None:
    """Ask this browser no more for a day."""
    response.set_cookie(
        COOKIE,
        "yes",
        max_age=ASKED_AGAIN_AFTER,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )
