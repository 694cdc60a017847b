"""Write docs/realtime.md from the frames themselves: `manage.py realtime_docs`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.chat.docs import realtime_page


class Command(BaseCommand):
    help = "Write docs/realtime.md from apps/chat/wire.py and the close codes."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "realtime.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(realtime_page())
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
