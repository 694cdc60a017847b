"""Who gets what: every route of pages, API and sockets, for everybody who may knock.

A route without a row in `rows/` fails, and so does a row without a route.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.core.cache import cache
from django.db import transaction

from aethex.websockets import application
from apps.channels.models import Channel
from apps.core.models import AuditEntry
from tests import factories
from tests.chat.conftest import story

from .cast import Row, Who
from .rows import ROWS
from .scene import Scene, set_scene
from .urls import all_routes, offered

SIGN_IN = "/auth/login?next="
# A provider speaks for all channels from a few addresses.
UNCOUNTED = {"/api/streams/<str:stream>/webhooks", "/api/webhooks/<str:provider>"}
# So that several workers have something to do.
SHARES = 4


def test_every_route_has_its_row() -> None:
    assert sorted(offered() - ROWS.keys()) == [], "routes without a row in tests/routes/rows"
    assert sorted(ROWS.keys() - offered()) == [], "rows without a route"


@pytest.fixture
def scene(channel: Channel, unlimited: None) -> Scene:
    return set_scene(channel)


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """What happens in here leaves no trace: each finds the same scene, and no limit used up."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(scene: Scene, who: Who, route: str, row: Row) -> int:
    """The status that this person gets; 401 also where a page shows the way to its door.

    Who is refused has done nothing.
    """
    method, address = route.split(" ")
    path = scene.address(address, row.at) + (f"?{row.query}" if row.query else "")
    browser = scene.browsers[who]
    cookies = browser.cookies.copy()
    with forgotten():
        before = AuditEntry.objects.count()
        answer = getattr(browser, method.lower())(path, **_sent(scene, address, method, row))
        status = answer.status_code
        if status == 302 and answer.headers["Location"].startswith(SIGN_IN):
            status = 401
        if status >= 400:
            assert AuditEntry.objects.count() == before, f"{route}: {who} was refused, and yet it was done"
        if address.startswith("/api/") and address not in UNCOUNTED:
            assert "RateLimit-Remaining" in answer.headers, f"{route}: {who} isn't told what is left"
    browser.cookies = cookies
    return status


def _sent(scene: Scene, address: str, method: str, row: Row) -> dict[str, Any]:
    body = row.body(scene) if callable(row.body) else row.body
    if body is None or method == "GET":
        return {}
    return {"data": body} | ({"content_type": "application/json"} if address.startswith("/api/") else {})


def told(statuses: dict[Who, int]) -> dict[int, list[str]]:
    """Who got which status, to be read in a failure."""
    ordered = sorted(statuses.items(), key=lambda item: item[1])
    return {status: [who.value for who, _ in group] for status, group in groupby(ordered, lambda i: i[1])}


def asking(name: str, row: Row, mode: str) -> list[Who]:
    """Everybody. In the full mode one of those who get each good answer: roles are no matter of the database,
    but what lies behind a route is asked of PostgreSQL, too.
    """
    askers = [who for who in Who if who in row.askers(name)]
    if mode == "embedded":
        return askers
    first = {row.outcome(who): who for who in reversed(askers)}
    return [who for status, who in first.items() if status < 400]


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.django_db
def test_everybody_gets_what_the_row_says(scene: Scene, share: int, pytestconfig: pytest.Config) -> None:
    """One scene for many routes: it is dear to set, and nobody leaves a trace in it."""
    found, wanted = {}, {}
    for name in sorted(name for name in ROWS if not name.startswith("WS "))[share::SHARES]:
        row = ROWS[name]
        askers = asking(name, row, pytestconfig.getoption("--stack"))
        found[name] = told({who: ask(scene, who, name, row) for who in askers})
        wanted[name] = told({who: row.outcome(who) for who in askers})
    assert found == wanted


def test_sockets_open_for_those_whom_the_row_names(readers: None, scene: Scene) -> None:
    """101 is an open socket, whose first frame comes; 403 the close code 4403, and so on."""
    found: dict[str, dict[Who, int]] = {name: {} for name in ROWS if name.startswith("WS ")}
    tickets = {
        (name, who): "" if who is Who.ANONYMOUS else factories.ticket(person)
        for name in found
        for who, person in scene.cast.items()
    }

    async def steps() -> None:
        for (name, who), ticket in tickets.items():
            found[name][who] = await _knock(scene.address(name.removeprefix("WS "), {}), ticket)

    story(steps)
    wanted = {name: told({who: ROWS[name].outcome(who) for who in found[name]}) for name in found}
    assert {name: told(statuses) for name, statuses in found.items()} == wanted


async def _knock(path: str, ticket: str) -> int:
    line = WebsocketCommunicator(application, f"{path}?ticket={ticket}" if ticket else path)
    opened, _ = await line.connect(timeout=5)
    assert opened  # a browser can read the code of an accepted socket only
    await line.send_to(text_data="{}")  # no socket knows this frame: an open one says so
    first = await line.receive_output(timeout=15)
    if first["type"] == "websocket.close":
        return int(first["code"]) - 4000
    await line.disconnect()
    return 101


def test_only_these_views_take_deeds_without_a_token_of_the_page() -> None:
    """Everything else refuses a form that another site made (the API: a cookie without the header)."""
    free = {route.address for route in all_routes() if getattr(route.view, "csrf_exempt", False)}
    assert {address for address in free if not address.startswith("/api/")} == {
        "/dock/deeds/<str:name>",
        "/letters/off/<str:token>",
    }
