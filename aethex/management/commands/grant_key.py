"""`manage.py grant_key`: the key of playback grants, for an edge that is to know no other."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.streams import services


class Command(BaseCommand):
    help = "Tell GRANT_KEY, which lets an edge elsewhere verify grants without SECRET_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(services.grant_key().hex())
