"""The pure parts of the browser's code, one rule a test, run where they will run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, TypeVar

from django.template.loader import render_to_string
from django.utils import timezone
from playwright.sync_api import Page

from apps.chat.glances import drawn as line_of

T = TypeVar("T")

ME = {"id": "1", "username": "me", "displayName": "me", "color": ""}


def run(page: Page, module: str, body: str) -> Any:
    """What `body` returns with the exports of `/js/{module}` in its scope as `m`."""
    return page.evaluate(f"async () => {{ const m = await import('/js/{module}'); {body} }}")


def chat_markup(*, reader: dict[str, str] | None = ME, drawn: Sequence[Any] = ()) -> str:
    """The chat of Nova as a page carries it for its reader; None is a stranger."""
    who = reader or {"id": "", "username": ""}
    return render_to_string(
        "components/chat.html",
        {
            "channel": SimpleNamespace(pk="nova-id", slug="nova", name="Nova"),
            "user": SimpleNamespace(pk=who["id"], username=who["username"], is_authenticated=bool(reader)),
            "may_write": bool(reader),
            "ticket": "ticket" if reader else "",
            "drawn_at": timezone.now(),
            "settings": "{}",
            "last_seq": drawn[-1].seq if drawn else "",
            "lines": [line_of(message, reads_struck=False) for message in drawn],
            "report_reasons": [],
        },
    )


def await_value(page: Page, read: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Read until the value is good, while the page's own doings go on."""
    for _ in range(400):
        if good(value := read()):
            return value
        page.wait_for_timeout(25)
    raise AssertionError(f"still {value!r}")
