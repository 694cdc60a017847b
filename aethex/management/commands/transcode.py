"""`manage.py transcode`: one transcoder: renditions of live broadcasts."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.streams.transcoder import Transcoder


class Command(BaseCommand):
    help = "Make renditions of live broadcasts. Start one on each machine that has cores to spare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--attached", action="store_true", help="end when standard input does")

    def handle(self, *args: Any, **options: Any) -> None:
        transcoder = Transcoder()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: transcoder.stopping.set())
        if options["attached"]:
            threading.Thread(target=_await_end, args=(transcoder.stopping,), daemon=True).start()
        transcoder.run()


def _await_end(stopping: threading.Event) -> None:
    sys.stdin.buffer.read()
    stopping.set()
