"""The small behaviours of pages: each makes something easier that also works without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route

from tests.stack.people import Person, sign_up, unique
from tests.stack.running import Stack

from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]


@pytest.fixture
def owner(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture
def channel(owner: Person) -> dict[str, Any]:
    return owner.create_channel()


@pytest.fixture
def visitor(visit: Visit, owner: Person) -> Visitor:
    visitor = visit()
    visitor.sign_in(owner.username)
    return visitor


def test_the_address_follows_the_name_until_it_is_typed(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/dashboard/new")
    page.locator("[name=name]").press_sequentially("Café au lait, twice!")
    assert page.input_value("[name=slug]") == "cafe-au-lait-twice"
    page.fill("[name=slug]", "mine")
    page.fill("[name=name]", "Something else")
    assert page.input_value("[name=slug]") == "mine"


def test_tags_become_buttons_and_the_form_still_sends_them(visitor: Visitor, channel: dict[str, Any]) -> None:
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}/settings")
    entry = page.get_by_label("Tags")
    entry.press_sequentially("Modular, ambient,#Drone")
    entry.press("Enter")
    assert page.locator(".tag-input button").all_inner_texts() == ["modular ×", "ambient ×", "drone ×"]
    page.get_by_role("button", name="Remove ambient").click()
    entry.press_sequentially("late")  # still in the entry when the form is sent
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Saved.").wait_for()
    assert page.locator(".tag-input button").all_inner_texts() == ["modular ×", "drone ×", "late ×"]


def test_the_key_is_shown_copied_and_hidden_without_leaving_the_page(
    visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.sign_in(owner.username)
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}")
    page.evaluate("document.body.dataset.sameBody = 'yes'")
    page.get_by_role("button", name="Show the key").click()
    key = page.locator("#key").input_value()
    page.locator("#stream-key").get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.get_by_role("link", name="Hide").click()
    page.locator("#stream-key .key-hidden").wait_for()
    assert key not in page.content()
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Replace key").click()
    assert await_value(lambda: page.locator("#key").input_value(), bool) != key
    assert page.evaluate("document.body.dataset.sameBody") == "yes"


def test_a_wrong_title_is_told_in_place_and_what_was_typed_stays(
    visitor: Visitor, channel: dict[str, Any]
) -> None:
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}")
    page.evaluate("document.body.dataset.sameBody = 'yes'")
    page.fill("[name=title]", "")
    page.fill("textarea[name=description]", "Slowly.")
    page.get_by_role("button", name="Announce the stream").click()
    page.get_by_text("This can't be empty.").wait_for()
    assert page.input_value("textarea[name=description]") == "Slowly."
    assert page.evaluate("document.activeElement.name") == "title"
    page.fill("[name=title]", "First light")
    page.get_by_role("button", name="Announce the stream").click()
    page.get_by_text("Announced. Start your encoder").wait_for()
    assert page.evaluate("document.body.dataset.sameBody") == "yes"


def announce(visitor: Visitor) -> None:
    """By the form of the desk that is open."""
    visitor.page.fill("[name=title]", "First light")
    visitor.page.get_by_role("button", name="Announce the stream").click()


def test_the_desk_gets_its_buttons_although_the_line_broke_once(
    visitor: Visitor, channel: dict[str, Any]
) -> None:
    """They come from the server when a broadcast begins; without them nobody could end it."""
    page = visitor.page
    visitor.expects_outage = True
    page.goto(f"/dashboard/{channel['slug']}")
    broken: list[str] = []

    def break_once(route: Route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.abort("internetdisconnected")

    page.route(page.url, break_once)
    announce(visitor)
    page.get_by_role("button", name="Withdraw announcement").wait_for()
    assert len(broken) == 1


def test_the_desk_gets_its_buttons_for_what_began_before_it_could_hear(
    visitor: Visitor, channel: dict[str, Any]
) -> None:
    page = visitor.page
    held: list[Route] = []
    page.route("**/js/dashboard*.js", lambda route: held.append(route))
    page.goto(f"/dashboard/{channel['slug']}", wait_until="domcontentloaded")
    announce(visitor)
    page.get_by_text("Announced. Start your encoder").wait_for()
    assert page.get_by_role("button", name="Withdraw announcement").count() == 0
    await_value(lambda: page.evaluate("document.readyState") and held, bool)[0].continue_()
    page.get_by_role("button", name="Withdraw announcement").wait_for()


def test_following_keeps_the_page_and_counts(stack: Stack, visit: Visit, channel: dict[str, Any]) -> None:
    visitor = visit()
    visitor.sign_in(sign_up(stack).username)
    visitor.watch(channel["slug"])
    page = visitor.page
    page.evaluate("document.body.dataset.sameBody = 'yes'")
    page.get_by_role("button", name="Follow").click()
    page.get_by_role("button", name="Following").wait_for()
    assert page.locator("#followers").inner_text() == "1 follower"
    page.get_by_role("button", name="Following").click()
    page.get_by_role("button", name="Follow", exact=True).wait_for()
    assert page.locator("#followers").inner_text() == "0 followers"
    refusal = "<main><h1>Too fast</h1><p>Wait a minute.</p></main>"
    page.route("**/follow", lambda route: route.fulfill(status=429, content_type="text/html", body=refusal))
    page.get_by_role("button", name="Follow", exact=True).click()
    page.get_by_text("Too fast. Wait a minute.").wait_for()
    assert page.evaluate("document.body.dataset.sameBody") == "yes"


def test_deleting_waits_for_the_typed_address(visitor: Visitor, channel: dict[str, Any]) -> None:
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}/settings")
    button = page.get_by_role("button", name="Delete channel")
    assert button.is_disabled()
    page.fill("[name=confirmation]", channel["slug"])
    button.click()
    page.wait_for_url("**/dashboard*")
    page.get_by_text("You have no channel yet").wait_for()


def test_the_theme_changes_at_once_and_stays(visit: Visit) -> None:
    visitor = visit(color_scheme="dark")
    page = visitor.page
    page.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Appearance").click()
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Light").click()
    page.evaluate("Promise.all(document.getAnimations().map((fade) => fade.finished))")
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light


def test_a_page_that_lost_a_script_says_so_and_is_whole_when_loaded_again(visit: Visit) -> None:
    page = visit().page
    lose = "**/js/ui/theme*.js"
    # The page names it and a module imports it: a browser tries both.
    page.route(lose, lambda route: route.abort("connectionreset"))
    page.goto("/auth/login")
    page.get_by_text("A part of this page did not come").wait_for()
    page.unroute(lose)
    page.get_by_role("link", name="Load it again").click()
    page.wait_for_load_state()
    assert page.get_by_text("A part of this page did not come").count() == 0


def test_a_phones_chat_closes_to_its_header_and_opens_again(visit: Visit, channel: dict[str, Any]) -> None:
    visitor = visit(width=390, height=844, has_touch=True, is_mobile=True)
    visitor.watch(channel["slug"])
    chat, toggle = visitor.page.locator("[data-chat]"), visitor.page.locator("[data-chat-toggle]")

    def height() -> float:
        box = chat.bounding_box()
        return box["height"] if box else 0

    toggle.tap()
    await_value(height, lambda now: now < 60)
    assert not chat.locator(".chat-signin a").first.is_visible(), "what cannot be seen can be tabbed to"
    assert toggle.get_attribute("aria-expanded") == "false"
    toggle.tap()
    await_value(height, lambda now: now > 200)
    assert toggle.get_attribute("aria-expanded") == "true"


def test_every_form_of_a_newcomer_works_without_a_script(visit: Visit) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.sign_up()
    visitor.onboard("No Script")
    slug = f"plain-{unique()}"
    visitor.create_first_channel(f"Plain {slug}", slug)
    page = visitor.page
    page.get_by_role("button", name="Show the key").click()
    assert page.locator("#key").input_value().startswith("live_")
    page.fill("[name=title]", "By hand")
    page.fill("[name=tags]", "one, two")
    page.get_by_role("button", name="Announce the stream").click()
    page.get_by_text("Announced. Waiting for your encoder.").wait_for()
    page.get_by_role("button", name="Withdraw announcement").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_text("The announcement is withdrawn.").wait_for()
