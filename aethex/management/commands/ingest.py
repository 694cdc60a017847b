"""`manage.py ingest`: one ingest node: RTMP in, low-latency HLS out, recordings to storage."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from apps.core.realtime.server import Server, config, run
from apps.streams.ingest import make_node, report_forever
from apps.streams.media import PATHS


class Command(BaseCommand):
    help = "Take encoders on RTMP_PORT and serve /live/ on PORT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.BIND_HOST)
        parser.add_argument("--port", type=int, default=settings.PORT, help="HTTP port of /live/ (PORT)")
        # An address of its own: /live/ is for the proxy in front, encoders come from outside.
        parser.add_argument("--rtmp-host", default=settings.BIND_HOST)
        parser.add_argument("--rtmp-port", type=int, default=settings.RTMP_PORT, help="RTMP_PORT")

    def handle(self, *args: Any, **options: Any) -> None:
        run(serve(options["host"], options["port"], options["rtmp_host"], options["rtmp_port"]))


async def serve(host: str, port: int, rtmp_host: str, rtmp_port: int) -> None:
    node = make_node(host=rtmp_host, rtmp_port=rtmp_port)
    await node.start()
    reporting = asyncio.create_task(report_forever(node, host=host, port=port))
    try:
        await Server(config(only_live(node.app), host, port)).serve()
    finally:
        await node.stop()
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting


def only_live(live: Any) -> Any:
    """What the node serves and `/healthz`; anything else is not here."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
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
