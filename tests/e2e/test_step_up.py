"""Confirming who acts: in a dialog, where nothing that was typed is lost; without a script on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stack.people import PASSWORD, Person, sign_up
from tests.stack.running import Stack

from .visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture
def owner(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture
def channel(owner: Person) -> dict[str, Any]:
    return owner.create_channel()


def age_sign_in(stack: Stack, person: Person) -> None:
    """They have signed in an hour ago, which is too long for what can't be taken back."""
    stack.manage(
        "shell",
        "-c",
        "from datetime import timedelta\n"
        "from allauth.usersessions.models import UserSession\n"
        "from django.utils import timezone\n"
        f"theirs = UserSession.objects.filter(user__username={person.username!r})\n"
        "assert theirs.update(created_at=timezone.now() - timedelta(hours=1))",
    )


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}])
def test_a_key_is_shown_after_the_password_and_the_page_stays(
    stack: Stack, visit: Visit, owner: Person, channel: dict[str, Any], size: dict[str, int]
) -> None:
    visitor = visit(**size)
    visitor.sign_in(owner.username)
    age_sign_in(stack, owner)
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}")
    title = page.locator("#broadcast [name=title]")
    title.fill("Half a title")
    page.get_by_role("button", name="Show the key", exact=True).click()
    question = page.get_by_role("dialog", name="Confirm that it is you")
    password = question.get_by_label("Password")
    assert password.evaluate("field => field === document.activeElement")

    password.fill("not the password")
    question.get_by_role("button", name="Confirm").click()
    question.locator("[aria-invalid=true]").wait_for()
    assert question.locator(".error").first.inner_text()
    assert page.locator("#stream-key input#key").count() == 0

    password.fill(PASSWORD)
    password.press("Enter")
    page.locator("#stream-key input#key").wait_for()
    assert page.locator("#stream-key input#key").input_value().startswith("live_")
    assert not question.is_visible()
    assert title.input_value() == "Half a title"

    # For a quarter of an hour nobody asks again.
    page.get_by_role("link", name="Hide").click()
    page.get_by_role("button", name="Show the key", exact=True).click()
    page.locator("#stream-key input#key").wait_for()


def test_who_does_not_want_to_say_it_now_is_back_where_they_were(
    stack: Stack, visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    visitor = visit()
    visitor.sign_in(owner.username)
    age_sign_in(stack, owner)
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}")
    show = page.get_by_role("button", name="Show the key", exact=True)
    question = page.get_by_role("dialog", name="Confirm that it is you")
    show.click()
    question.get_by_role("button", name="Not now").click()
    assert not question.is_visible()
    show.click()
    question.wait_for()
    page.keyboard.press("Escape")
    question.wait_for(state="hidden")
    assert page.locator("#stream-key input#key").count() == 0


def test_without_a_script_a_page_asks_and_leads_on(
    stack: Stack, visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.sign_in(owner.username)
    age_sign_in(stack, owner)
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}")
    page.get_by_role("button", name="Show the key", exact=True).click()
    page.get_by_role("heading", name="Confirm that it is you").wait_for()
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Confirm").click()
    page.locator("[aria-invalid=true]").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.locator("#stream-key input#key").wait_for()
    assert page.locator("#stream-key input#key").input_value().startswith("live_")


def test_where_the_dialog_can_not_be_had_its_page_asks(
    stack: Stack, visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    visitor = visit()
    visitor.expects_outage = True
    visitor.sign_in(owner.username)
    age_sign_in(stack, owner)
    page = visitor.page
    page.route("**/js/ui/proof*.js*", lambda route: route.abort())
    page.goto(f"/dashboard/{channel['slug']}")
    page.get_by_role("button", name="Show the key", exact=True).click()
    page.wait_for_url("**/auth/reauthenticate**")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    assert page.locator("#stream-key input#key").input_value().startswith("live_")
