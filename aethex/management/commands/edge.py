"""`manage.py edge`: the viewers' door of streams that run on ingest nodes, or behind EDGE_UPSTREAM."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from aethex.front import only_live
from apps.core.realtime.server import Server, config, run
from apps.streams.edge import make_edge


class Command(BaseCommand):
    help = "Serve /live/ for streams that run elsewhere, from memory. Start as many as viewers need."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.BIND_HOST)
        parser.add_argument("--port", type=int, default=settings.PORT, help="HTTP port of /live/ (PORT)")

    def handle(self, *args: Any, **options: Any) -> None:
        run(serve(options["host"], options["port"]))


async def serve(host: str, port: int) -> None:
    edge = make_edge()
    await edge.start()
    try:
        await Server(config(only_live(edge.app), host, port), leaving=edge.let_go).serve()
    finally:
        await edge.stop()
