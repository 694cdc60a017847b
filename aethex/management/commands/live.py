"""`manage.py live`: the whole platform in one process, on one port (and one for encoders)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from aethex import demo
from aethex.children import child
from apps.core.realtime.server import Server, config, run
from apps.streams.doors import doors_at
from apps.streams.providers import site_provider
from apps.streams.transcoder import why_not


class Command(BaseCommand):
    help = "Start pages, chat, ingest, background work and the demo in one process."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        run(self._serve(demo.seed() if settings.DEMO else []))

    async def _serve(self, people: list[demo.DemoPerson]) -> None:
        from aethex.background import background
        from aethex.front import front
        from aethex.websockets import application as sockets
        from aethex.wsgi import application as pages
        from apps.streams.ingest import make_node, report_forever

        node = make_node()
        app = front(live=node.app, sockets=sockets, pages=pages)
        server = Server(
            config(app, settings.BIND_HOST, settings.PORT, express=node.express), leaving=node.let_go
        )
        try:
            await node.start()
        except OSError as error:
            raise CommandError(
                f"{error}. See RTMP_PORT, RTMPS_PORT, RTMPS_CERTIFICATE and SRT_PORT."
            ) from None
        reporting = asyncio.create_task(report_forever(node, host=settings.BIND_HOST, port=settings.PORT))
        try:
            # A provider would have to be paid for a test card.
            with_card = settings.DEMO and site_provider() is None
            with (
                background(),
                child("demo_broadcaster", wanted=with_card),
                child("transcode", "--attached", wanted=not why_not()),
            ):
                self._greet(people)
                await server.serve()
        except SystemExit:
            raise CommandError(f"Port {settings.PORT} for pages is taken. Set PORT to another.") from None
        finally:
            await node.stop()
            reporting.cancel()
            with suppress(asyncio.CancelledError):
                await reporting
            self.stdout.write("Stopped. Everything is kept in " + str(settings.DATA_DIR))

    def _greet(self, people: list[demo.DemoPerson]) -> None:
        lines = ["", f"  AeThex LIVE   {settings.PUBLIC_URL}", *_where_encoders_send()]
        for person in people:
            lines.append(f"  Demo {person.role:<9}{person.username} / {person.password}")
        lines += ["", "  Ctrl-C stops it; everything is kept in " + str(settings.DATA_DIR), ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _where_encoders_send() -> list[str]:
    if (host := site_provider()) is not None:
        return [f"  Encoders      send to {host.title} (STREAM_PROVIDER); without it they send here"]
    doors = doors_at("localhost")
    return [
        f"  Encoders      {doors.rtmp}",
        f"  behind TLS    {doors.rtmps or 'off: needs RTMPS_CERTIFICATE'}",
        f"  over SRT      {doors.srt or 'off: needs SRT_PORT'}",
    ]
