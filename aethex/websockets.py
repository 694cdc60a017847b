"""All websockets: who may knock from where, then the routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from channels.routing import URLRouter
from django.conf import settings
from django.http.request import validate_host

from apps.chat.routing import websocket_urlpatterns
from apps.core.realtime.closing import Close
from apps.core.realtime.doors import headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class OriginGuard:
    """Closes sockets that a foreign page opened.

    Django Channels' own validator also refuses clients without an Origin, which apps and bots are; a browser
    always sends one, and nothing here trusts a cookie.
    """

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = headers(scope)
        origin = given.get(b"origin")
        host = given.get(b"host", b"").decode("latin-1")
        if origin is None or is_ours(origin.decode("latin-1"), host):
            await self._inner(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": int(Close.FORBIDDEN), "reason": "Foreign origin."})


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


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """An address that no route knows."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": int(Close.NOT_FOUND), "reason": "No such socket."})


class Router:
    """The routes, and an answer for every other address."""

    def __init__(self) -> None:
        self._routes = URLRouter(websocket_urlpatterns)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].lstrip("/")
        if any(route.pattern.match(path) for route in websocket_urlpatterns):
            await self._routes(scope, receive, send)
        else:
            await nothing_here(scope, receive, send)


application: App = OriginGuard(Router())
