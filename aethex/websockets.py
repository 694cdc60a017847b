"""All websockets: who may knock from where, then the door of the address."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from apps.chat.routing import DOORS
from apps.core.realtime.closing import Close
from apps.core.realtime.connection import Scope
from apps.core.realtime.doors import headers
from apps.core.realtime.socket import Receive, Send


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Open the door of this address, unless a foreign page knocks.

    Django Channels' own validator also refuses clients without an Origin, which apps and bots are; a browser
    always sends one, and nothing here trusts a cookie.
    """
    given = headers(scope)
    door = DOORS.get(scope["path"].rpartition("/")[0])
    host = given.get(b"host", b"").decode("latin-1")
    if b"origin" in given and not is_ours(given[b"origin"].decode("latin-1"), host):
        await _turn_away(receive, send, Close.FORBIDDEN, "Foreign origin.")
    elif door is None:
        await _turn_away(receive, send, Close.NOT_FOUND, "No such socket.")
    else:
        await door(scope, receive, send)


def is_ours(origin: str, host: str) -> bool:
    """Whether a page of this origin may open sockets: it came from the same host, from PUBLIC_URL, from a
    trusted origin, or from a host that ALLOWED_HOSTS names (a lone * names none)."""
    try:
        parts = urlsplit(origin)
    except ValueError:  # such as "http://["
        return False
    if not parts.hostname:
        return False
    if parts.netloc.lower() == host.lower():
        return True
    if origin in (settings.PUBLIC_URL, *settings.CSRF_TRUSTED_ORIGINS):
        return True
    named = [name for name in settings.ALLOWED_HOSTS if name != "*"]
    return validate_host(parts.hostname, named)


async def _turn_away(receive: Receive, send: Send, code: Close, reason: str) -> None:
    """A browser can read the code of an accepted socket only."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": int(code), "reason": reason})
