"""`manage.py ingest`: one ingest node: RTMP in, low-latency HLS out, recordings to storage."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from aethex.front import only_live
from apps.core.realtime.server import Server, config, run
from apps.streams.ingest import make_node, report_forever


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
        await Server(
            config(only_live(node.app), host, port, express=node.express), leaving=node.let_go
        ).serve()
    finally:
        await node.stop()
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting
