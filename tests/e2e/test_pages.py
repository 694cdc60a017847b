"""How the pages behave in any window: narrow, wide, dark, light, and for those who use no mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.stack.people import sign_up, unique
from tests.stack.running import Stack

from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
SMALLEST = {"width": 320, "height": 640, "has_touch": True, "is_mobile": True}
WALL = {"width": 3840, "height": 2160}
WHERE_AM_I = "document.activeElement.closest('[data-player], .chat, .bar')?.className ?? ''"


@pytest.fixture
def channel(stack: Stack) -> dict[str, Any]:
    owner = sign_up(stack)
    made = owner.create_channel(
        name=f"A name that is long enough to be a trouble {unique()}", tags=["one", "two"]
    )
    return made | {"owner": owner}


@pytest.mark.parametrize(
    "window", [PHONE, SMALLEST, {"width": 3840, "height": 2160}], ids=["390", "320", "4K"]
)
def test_no_page_scrolls_sideways(visit: Visit, channel: dict[str, Any], window: dict[str, Any]) -> None:
    visitor = visit(**window)
    visitor.sign_in(channel["owner"].username)
    slug = channel["slug"]
    dashboard = f"/dashboard/{slug}"
    pages = (
        f"{dashboard}/{page}"
        for page in ("rehearsal", "settings", "simulcast", "team", "shows", "shows/new", "raids")
    )
    studio = ("/dashboard", dashboard, *pages, "/settings/blocks")
    for path in ("/", f"/streams/{slug}", f"/c/{slug}", *studio):
        visitor.page.goto(path)
        wide = visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"


def test_pages_can_be_read_by_everybody(visit: Visit, channel: dict[str, Any]) -> None:
    visitor = visit()
    slug = channel["slug"]
    paths = ("/", "/auth/login", "/auth/register", f"/streams/{slug}", f"/c/{slug}")
    findings = [finding for path in paths for finding in barriers(visitor, path)]
    visitor.sign_in(channel["owner"].username)
    paths = (
        f"/dashboard/{slug}",
        f"/dashboard/{slug}/settings",
        f"/dashboard/{slug}/simulcast",
        f"/dashboard/{slug}/shows/new",
        f"/dashboard/{slug}/raids",
        "/settings",
        "/auth/email",
        "/auth/sessions",
    )
    findings += [finding for path in paths for finding in barriers(visitor, path)]
    assert not findings, "\n".join(findings)


def barriers(visitor: Visitor, path: str) -> list[str]:
    """What axe finds on this page, one line each."""
    visitor.page.goto(path)
    return barriers_here(visitor, path)


def barriers_here(visitor: Visitor, name: str) -> list[str]:
    """What axe finds on the page as it stands, in both themes: what differs between them is the colours."""
    findings = []
    rules: dict[Literal["light", "dark"], dict[str, list[str]]]
    rules = {"light": {"runOnly": ["color-contrast"]}, "dark": {}}
    for scheme, options in rules.items():
        visitor.page.emulate_media(color_scheme=scheme)
        found = Axe().run(visitor.page, options={"resultTypes": ["violations"]} | options)
        findings += [
            f"{name}, {scheme}: {broken['id']} at {[node['target'] for node in broken['nodes']]}"
            for broken in found.response["violations"]
        ]
    return findings


def test_a_phone_has_player_and_chat_in_one_hand(stack: Stack, visit: Visit, channel: dict[str, Any]) -> None:
    visitor = visit(**PHONE)
    visitor.sign_in(sign_up(stack).username)
    visitor.watch(channel["slug"])
    visitor.await_chat()
    player = visitor.page.locator("[data-player]").bounding_box()
    field = visitor.page.locator("[data-chat-form] textarea").bounding_box()
    assert player is not None
    assert field is not None
    assert player["y"] < 80
    assert player["width"] == PHONE["width"]
    assert field["y"] + field["height"] <= PHONE["height"], "writing needs scrolling"
    visitor.say("from a train")
    visitor.await_line("from a train")


@pytest.mark.both_modes
def test_a_new_title_reaches_every_open_page(visit: Visit, channel: dict[str, Any]) -> None:
    owner = channel["owner"]
    watcher, desk = visit(), visit()
    watcher.watch(channel["slug"])
    watcher.await_chat()
    stream = owner.api.post("/api/streams", json={"channelId": channel["id"], "title": "Before"}).json()
    desk.sign_in(owner.username)
    desk.page.goto(f"/dashboard/{channel['slug']}")
    desk.await_chat()
    changes = {"title": "<b>After</b> & more", "tags": ["three"]}
    answer = owner.api.patch(f"/api/streams/{stream['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    title = watcher.page.locator("h1[data-title]")
    await_value(title.inner_text, lambda words: words == "<b>After</b> & more")
    assert watcher.page.locator("[data-tags] .tag").all_inner_texts() == ["three"]
    overlay = watcher.page.locator("[data-message-title]")
    assert overlay.inner_text() == "Starting soon"
    assert watcher.page.title() == f"<b>After</b> & more — {channel['name']} — AeThex LIVE"
    assert desk.page.get_by_role("button", name="Withdraw announcement").first.is_visible()
    assert owner.api.post(f"/api/streams/{stream['id']}/end").is_success
    await_value(overlay.inner_text, lambda words: words == "Offline")
    assert watcher.page.title() == f"{channel['name']} — AeThex LIVE"


def test_the_watch_page_is_walked_through_by_keyboard(visit: Visit, channel: dict[str, Any]) -> None:
    visitor = visit()
    visitor.watch(channel["slug"])
    names = []
    for _ in range(40):
        visitor.page.keyboard.press("Tab")
        names.append(visitor.page.evaluate(WHERE_AM_I))
    assert any("bar" in name for name in names)
    assert any("chat" in name for name in names)
