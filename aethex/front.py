"""The outermost ASGI callables: they look at the path and hand on.

In the one-process default the live edge's paths go to its raw app, sockets to the doors of `websockets.py`,
everything else to Django under WSGI behind one thread hop: its ASGI handler would hop once a middleware
(docs/adr/0003). Ingest nodes and edges have the live edge's paths only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware

from apps.streams.media import PATHS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Any, Any], Awaitable[None]]

PAGE_THREADS = 8
BODY_MOST = 20 * 1024 * 1024  # bytes; the largest upload that a form takes, and some


def front(*, live: App, sockets: App, pages: Any) -> App:
    """One app of three. `pages` is a WSGI application."""
    django = _bounded(WSGIMiddleware(pages, workers=PAGE_THREADS))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await sockets(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PATHS):
            await live(scope, receive, send)
        elif scope["type"] == "http":
            await django(scope, receive, send)

    return app


def only_live(live: App) -> App:
    """What a node or an edge serves, and `/healthz`; anything else is not here."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PATHS):
            await live(scope, receive, send)
        elif scope["type"] == "http":
            is_health = scope["path"] == "/healthz"
            body = b'{"status":"ok"}' if is_health else b'{"error":true,"code":"NOT_FOUND","status":404}'
            await send(
                {
                    "type": "http.response.start",
                    "status": 200 if is_health else 404,
                    "headers": [
                        (b"content-type", b"application/json"),
                        (b"content-length", str(len(body)).encode()),
                    ],
                }
            )
            await send({"type": "http.response.body", "body": body})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4404})

    return app


def _bounded(app: Any) -> App:
    """Refuse a body that announces more than BODY_MOST before a byte of it is read."""

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value) > BODY_MOST):
                await send(
                    {
                        "type": "http.response.start",
                        "status": 413,
                        "headers": [(b"content-type", b"text/plain"), (b"connection", b"close")],
                    }
                )
                await send({"type": "http.response.body", "body": b"This upload is too large."})
                return
        await app(scope, receive, send)

    return bounded
