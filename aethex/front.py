"""The outermost ASGI callables: they look at the path and hand on.

In the one-process default the live edge's paths go to its raw app, sockets to the doors of `websockets.py`,
everything else to Django under WSGI behind one thread hop: its ASGI handler would hop once a middleware
(docs/adr/0003). Ingest nodes and edges have the live edge's paths only.
"""

from __future__ import annotations

import asyncio
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
SMALL = 64 * 1024
# Of all bodies that are on their way or wait for a thread, without the first SMALL bytes of each.
BODIES_MOST = 10 * BODY_MOST
BODY_SECONDS, PAUSE_SECONDS = 300.0, 20.0


def front(*, live: App, sockets: App, pages: Any) -> App:
    """One app of three. `pages` is a WSGI application."""
    django = _Bounded(WSGIMiddleware(pages, workers=PAGE_THREADS))

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


class _Bounded:
    """Hands Django requests that are whole: who sends one slowly holds up no thread, and so nobody else. A
    body is bounded in size and time, and all that are here in their bytes together."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value) > BODY_MOST):
                await _refuse(send, 413, b"This upload is too large.")
                return
        pieces: list[bytes] = []
        try:
            try:
                refusal = await self._receive(receive, pieces)
            except ConnectionAbortedError:
                return
            if refusal is not None:
                await _refuse(send, *refusal)
                return
            await self._app(scope, _replayed(b"".join(pieces), receive), send)
        finally:
            self._held -= _counted(sum(map(len, pieces)))

    async def _receive(self, receive: Receive, pieces: list[bytes]) -> tuple[int, bytes] | None:
        """Fill `pieces` with the body; returns the refusal of one that is not to be had. Raises
        ConnectionAbortedError when the client leaves."""
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    async with asyncio.timeout(PAUSE_SECONDS):
                        event = await receive()
                    if event["type"] == "http.disconnect":
                        raise ConnectionAbortedError
                    piece = event.get("body", b"")
                    self._held += _counted(size + len(piece)) - _counted(size)
                    size += len(piece)
                    pieces.append(piece)
                    if size > BODY_MOST:
                        return 413, b"This upload is too large."
                    if self._held > BODIES_MOST:
                        return 503, b"Many are uploading at the moment. Try again in a minute."
                    if not event.get("more_body", False):
                        return None
        except TimeoutError:
            return 408, b"This request came too slowly. Try again."


def _counted(size: int) -> int:
    """Bytes of a body that count for BODIES_MOST: what a form without files holds is never in the way."""
    return max(0, size - SMALL)


def _replayed(body: bytes, receive: Receive) -> Receive:
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Any:
        return first.pop() if first else await receive()

    return replayed


async def _refuse(send: Send, status: int, words: bytes) -> None:
    """An answer in plain words; the connection ends with it, whatever is still on its way."""
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(words)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words})
