"""One socket process: `manage.py sockets --port 8101`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from aethex.websockets import application as websockets
from apps.core.realtime.hub import Hub
from apps.core.realtime.server import Server, config, run

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Command(BaseCommand):
    help = "Serve websockets. Start as many as you have cores to spare; rooms meet through Redis."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.BIND_HOST)
        parser.add_argument("--port", type=int, default=8101)
        parser.add_argument("--fd", type=int, help="serve this inherited listening socket instead")

    def handle(self, *args: Any, **options: Any) -> None:
        extra = {} if options["fd"] is None else {"fd": options["fd"]}
        run(Server(config(application, options["host"], options["port"], **extra)).serve())


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Websockets, and `GET /healthz`: 200 while it serves, 503 once it is told to stop."""
    if scope["type"] == "websocket":
        await websockets(scope, receive, send)
        return
    if scope["type"] != "http":
        return
    status, body = 404, b'{"status":"not here"}'
    if scope["path"] == "/healthz":
        is_draining = Hub.here().draining
        status, body = (503, b'{"status":"draining"}') if is_draining else (200, b'{"status":"ok"}')
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body})
