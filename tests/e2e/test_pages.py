"""How the pages behave in any window: narrow, wide, dark, light, and for those who use no mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.stack.people import sign_up, unique
from tests.stack.running import Stack
from tools.pages import MEMBER, OWNER, PAGES, VISITOR

from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
# The size of what a finger has to meet (WCAG 2.5.8) is judged only where that is asked for.
EVERYTHING: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}}
# Scripts have had their say about the new width by the second frame.
TOO_WIDE = """new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() =>
    told(document.documentElement.scrollWidth - window.innerWidth))))"""
WHERE_AM_I = "document.activeElement.closest('[data-player], .chat, .bar')?.className ?? ''"


@pytest.fixture
def channel(stack: Stack) -> dict[str, Any]:
    owner = sign_up(stack)
    made = owner.create_channel(
        name=f"A name that is long enough to be a trouble {unique()}", tags=["one", "two"]
    )
    return made | {"owner": owner}


@pytest.fixture
def parts(stack: Stack, channel: dict[str, Any]) -> dict[str, str]:
    """What stands in the addresses of tools/pages.py; `member` and `owner` are the people who look."""
    owner, member = channel["owner"], sign_up(stack)
    words = {"member": member.username, "owner": owner.username, "person": owner.username}
    words |= {"slug": channel["slug"], "offline": channel["slug"], "subject": member.id}
    return words | {"category": "music", "empty_category": "sports"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("who", [VISITOR, MEMBER, OWNER])
def test_every_page_is_for_everybody(visit: Visit, parts: dict[str, str], who: str) -> None:
    """axe finds nothing on a desktop or on a phone, in both themes; no window has to be scrolled sideways:
    not the narrowest, not the widest, not one of 1280 px with text of twice the size (WCAG 1.4.4)."""
    visitor = visit()
    if who != VISITOR:
        visitor.sign_in(parts[who])
    findings = []
    for site_page in PAGES:
        if site_page.who != who:
            continue
        visitor.page.set_viewport_size({"width": 1440, "height": 900})
        visitor.page.goto(site_page.address(parts))
        findings += barriers_here(visitor, site_page.name)
        visitor.page.set_viewport_size({"width": 390, "height": 844})
        findings += barriers_here(visitor, f"{site_page.name} on a phone")
        findings += too_wide(visitor, site_page.name)
    assert not findings, "\n".join(findings)


@pytest.mark.timeout(200)
def test_so_is_every_page_of_staff(stack: Stack, visit: Visit, channel: dict[str, Any]) -> None:
    """The design page and the admin's own pages; its library's tables are wide on phones by design."""
    staff = sign_up(stack)
    ranks = f"filter(username={staff.username!r}).update(is_staff=True, is_superuser=True)"
    stack.manage("shell", "-v0", "-c", f"from apps.accounts.models import User; User.objects.{ranks}")
    visitor = visit()
    visitor.sign_in(staff.username)
    findings = barriers(visitor, "/design")
    findings += too_wide(visitor, "/design")
    row = f"/admin/channels/channel/{channel['id']}/change/"
    lists = (
        "channels/channel",
        "channels/category",
        "accounts/user",
        "discovery/featuredchannel",
        "core/auditentry",
    )
    for path in ("/admin/", *(f"/admin/{name}/" for name in lists), row, "/admin/password_change/"):
        findings += barriers(visitor, path)
    assert not findings, "\n".join(findings)


def test_and_what_visitors_find_in_the_place_of_a_suspended_channel(
    stack: Stack, visit: Visit, channel: dict[str, Any]
) -> None:
    when = "from django.utils.timezone import now; from apps.channels.models import Channel as C"
    rows = f"C.objects.filter(slug={channel['slug']!r}).update(suspended_at=now())"
    stack.manage("shell", "-v0", "-c", f"{when}; {rows}")
    visitor = visit()
    findings = [
        found for at in ("c", "streams", "embed") for found in barriers(visitor, f"/{at}/{channel['slug']}")
    ]
    assert not findings, "\n".join(findings)


def too_wide(visitor: Visitor, name: str) -> list[str]:
    findings = []
    for width, height in ((320, 640), (640, 400), (3840, 2160)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        wide = visitor.page.evaluate(TOO_WIDE)
        if wide > 0:
            findings.append(f"{name}, {width} px: {wide} px too wide")
    return findings


def barriers(visitor: Visitor, path: str) -> list[str]:
    """What axe finds on this page, one line each."""
    visitor.page.goto(path)
    return barriers_here(visitor, path)


def barriers_here(visitor: Visitor, name: str) -> list[str]:
    """What axe finds on the page as it stands, in both themes: what differs between them is the colours."""
    findings = []
    for scheme, options in (("dark", EVERYTHING), ("light", {"runOnly": ["color-contrast"]})):
        visitor.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        findings += violations(visitor, f"{name}, {scheme}", options)
    return findings


def violations(visitor: Visitor, name: str, options: dict[str, Any]) -> list[str]:
    # Only a rule that is off looks at style sheets, whose copies in the page our CSP forbids.
    always = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(visitor.page, options=always | options)
    return [
        f"{name}: {broken['id']} at {[node['target'] for node in broken['nodes']]}"
        for broken in found.response["violations"]
    ]


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


def test_a_page_fetches_each_module_once_and_asks_for_all_of_them_at_first_sight(
    visit: Visit, channel: dict[str, Any]
) -> None:
    visitor = visit()
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.watch(channel["slug"])
    visitor.await_chat()
    scripts = [url for url in asked if url.endswith(".js")]
    assert len(scripts) == len(set(scripts)) > 40
    named = "[...document.querySelectorAll('link[rel=modulepreload], script[src]')]"
    late = set(scripts) - set(visitor.page.evaluate(f"{named}.map((each) => each.href ?? each.src)"))
    assert {url.rpartition("/js/")[2] for url in late} <= {"chat/attendance.js", "chat/standing.js"}


def test_the_watch_page_is_walked_through_by_keyboard(visit: Visit, channel: dict[str, Any]) -> None:
    visitor = visit()
    visitor.watch(channel["slug"])
    names = []
    for _ in range(40):
        visitor.page.keyboard.press("Tab")
        names.append(visitor.page.evaluate(WHERE_AM_I))
    assert any("bar" in name for name in names)
    assert any("chat" in name for name in names)


@pytest.mark.parametrize("page", ["/settings", "/settings/data"])
def test_a_phone_shows_where_one_is_and_how_to_save(visit: Visit, channel: dict[str, Any], page: str) -> None:
    visitor = visit(**PHONE)
    visitor.sign_in(channel["owner"].username)
    visitor.page.goto(page)
    tab = visitor.page.locator(".tabs [aria-current=page]").bounding_box()
    assert tab
    assert tab["x"] >= 0
    assert tab["x"] + tab["width"] <= PHONE["width"]
    assert visitor.page.evaluate("scrollY") == 0
    save = visitor.page.get_by_role("button", name="Save changes")
    if save.count():
        on_top = "button => { const box = button.getBoundingClientRect();"
        on_top += " return document.elementFromPoint(box.x + 9, box.y + box.height / 2) === button; }"
        assert save.evaluate(on_top), "something lies over the button"
