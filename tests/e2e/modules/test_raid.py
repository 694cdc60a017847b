"""The banner of a raid on its own markup; the test plays the server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from playwright.sync_api import Page, WebSocketRoute, expect

HERE = SimpleNamespace(slug="nova", name="Nova")


class Watcher:
    """A page with nothing but the banner; `told` is what the API answers about the raid."""

    def __init__(self, page: Page) -> None:
        self.page, self.url = page, page.url
        self.banner = page.locator("[data-raid]")
        self.told: dict[str, Any] | None = None
        page.route_web_socket(re.compile("/ws/channels/nova"), self._opened)
        page.route("**/api/channels/nova/raid", lambda route: route.fulfill(json={"raid": None}))
        page.route("**/api/raids/**", lambda route: route.fulfill(json=self.told or {}))
        page.route("**/streams/orbit**", lambda route: route.fulfill(body="there", content_type="text/html"))

    def open(self, *, goes: bool = True) -> Watcher:
        self.page.goto(self.url)
        context = {"channel": HERE, "raid": None, "url": "", "goes": goes, "came": None}
        self.page.set_content(render_to_string("components/raid.html", context))
        self.page.evaluate(
            "async () => { const { RaidBanner } = await import('/js/raid.js');"
            " const { Socket } = await import('/js/socket.js');"
            " const socket = new Socket({ path: '/ws/channels/nova' });"
            " new RaidBanner(document.querySelector('[data-raid]'), socket); socket.open(); }"
        )
        self.page.wait_for_timeout(50)
        return self

    def _opened(self, socket: WebSocketRoute) -> None:
        self.socket = socket

    def tell(self, kind: str, raid: dict[str, Any]) -> None:
        now = timezone.now().isoformat()
        self.socket.send(json.dumps({"type": kind, "payload": {"raid": raid}, "timestamp": now}))


def raid(seconds: float = 30, state: str = "counting") -> dict[str, Any]:
    due = timezone.now() + timedelta(seconds=seconds)
    target = {"id": "2", "slug": "orbit", "name": "Orbit", "avatarUrl": "", "isMature": False}
    return {
        "id": "one", "state": state, "target": target, "url": "/streams/orbit?raid=one", "viewers": 3,
        "dueAt": due.isoformat(),
    }  # fmt: skip


@pytest.fixture
def watcher(module_page: Page) -> Iterator[Watcher]:
    home = module_page.url
    yield Watcher(module_page)
    module_page.unroute_all()
    module_page.goto(home)


def test_it_counts_down_and_goes(watcher: Watcher) -> None:
    watcher.open()
    expect(watcher.banner).to_be_hidden()
    watcher.tell("raid:start", raid())
    expect(watcher.banner).to_contain_text("Nova raids Orbit")
    expect(watcher.banner).to_contain_text(re.compile(r"You go along in (30|29|28) s\."))
    watcher.tell("raid:go", raid(state="gone"))
    watcher.page.wait_for_url("**/streams/orbit?raid=one")


def test_who_stays_stays(watcher: Watcher) -> None:
    watcher.open()
    watcher.tell("raid:start", raid())
    watcher.page.get_by_role("button", name="Stay here").click()
    expect(watcher.banner).to_contain_text("You stay here.")
    watcher.tell("raid:go", raid(state="gone"))
    expect(watcher.banner).to_contain_text("The others are there.")
    assert watcher.page.url == watcher.url


def test_one_that_is_called_off_vanishes(watcher: Watcher) -> None:
    watcher.open()
    watcher.tell("raid:start", raid())
    watcher.tell("raid:cancel", raid(state="cancelled"))
    expect(watcher.banner).to_be_hidden()


def test_an_embedded_player_shows_a_link_and_stays(watcher: Watcher) -> None:
    watcher.open(goes=False)
    watcher.tell("raid:start", raid())
    watcher.tell("raid:go", raid(state="gone"))
    link = watcher.banner.get_by_role("link", name="Watch it")
    expect(link).to_have_attribute("href", "/streams/orbit?raid=one")
    assert watcher.page.url == watcher.url


def test_who_was_told_nothing_asks_and_goes(watcher: Watcher) -> None:
    watcher.told = raid(state="gone")
    watcher.open()
    watcher.tell("raid:start", raid(seconds=-10))
    watcher.page.wait_for_url("**/streams/orbit?raid=one")
