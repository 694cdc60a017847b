"""`manage.py demo_broadcaster`: the demo channel's encoder."""

from typing import Any

from django.core.management.base import BaseCommand

from aethex import demo


class Command(BaseCommand):
    help = "Publish the demo's test picture until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        demo.broadcast_forever()
