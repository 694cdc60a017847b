"""`manage.py seed`: a crowd to look at and to measure with."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from aethex.crowd import Size, gather
from aethex.demo import CREATOR, VIEWER
from apps.accounts.models import User


class Command(BaseCommand):
    help = "Fill the database with people, channels and broadcasts that nobody sends. Never on a real site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=1000)
        parser.add_argument("--channels", type=int, default=100)
        parser.add_argument("--live", type=int, default=20)
        parser.add_argument("--seed", type=int, default=0, help="another number makes another crowd")
        parser.add_argument("--among-others", action="store_true", help="even where there are people already")

    def handle(self, *args: Any, **options: Any) -> None:
        others = User.objects.exclude(username__in=[CREATOR, VIEWER])
        if not options["among_others"] and others.exists():
            raise CommandError(
                "There are people here already, and the crowd can't be told from them afterwards. "
                "If this is what you want, say --among-others."
            )
        start = time.monotonic()
        try:
            gather(Size(options["people"], options["channels"], options["live"]), seed=options["seed"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        except IntegrityError:
            raise CommandError("This crowd is here already. Another --seed makes another one.") from None
        self.stdout.write(f"Done in {time.monotonic() - start:.0f} s.")
