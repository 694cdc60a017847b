"""People among themselves: a face of one's own, friends, privacy, the card beside a name, blocks."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack

from .test_pages import PHONE
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]
on_both = pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])
# The colour in the middle of a picture, as [red, green, blue].
MIDDLE = """async (picture) => {
    await picture.decode?.();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 9;
    canvas.getContext("2d").drawImage(picture, 0, 0, 9, 9);
    return [...canvas.getContext("2d").getImageData(4, 4, 1, 1).data].slice(0, 3);
}"""


@pytest.fixture
def person(stack: Stack) -> Person:
    """Somebody with a few words about themselves."""
    person = sign_up(stack)
    expect(200, person.api.patch("/api/auth/profile", json={"bio": "Ambient at night"}))
    return person


@pytest.fixture
def other(stack: Stack) -> Person:
    return sign_up(stack)


def enter(visit: Visit, person: Person, **size: Any) -> Visitor:
    visitor = visit(**size)
    visitor.sign_in(person.username)
    return visitor


def three_stripes() -> bytes:
    """Red, green and blue from left to right, twice as wide as high."""
    picture = Image.new("RGB", (600, 300), (20, 180, 20))
    picture.paste((200, 20, 20), (0, 0, 200, 300))
    picture.paste((20, 20, 200), (400, 0, 600, 300))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def choose_picture(visitor: Visitor) -> None:
    picture = {"name": "stripes.png", "mimeType": "image/png", "buffer": three_stripes()}
    visitor.page.set_input_files("[name=avatar]", picture)


@on_both
def test_a_profile_gets_words_and_the_part_of_a_picture_that_one_chose(
    visit: Visit, person: Person, size: dict[str, Any]
) -> None:
    visitor = enter(visit, person, **size)
    page = visitor.page
    page.goto("/settings")
    page.fill("[name=display_name]", "Vera Ito")
    page.fill("[name=bio]", "Modular, slowly.")
    page.fill("[name='links.github']", "github.com/vera")
    choose_picture(visitor)
    dialog = page.get_by_role("dialog", name="Choose the part of the picture")
    dialog.wait_for()
    stage = dialog.locator(".crop-stage").bounding_box()
    assert stage
    assert stage["x"] >= 0
    assert stage["x"] + stage["width"] <= page.viewport_size["width"]  # type: ignore[index]
    # To the left until the frame stands at the picture's right end.
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - stage["width"], y, steps=4)
    page.mouse.up()
    dialog.get_by_role("slider", name="Zoom").fill("25")
    dialog.locator(".crop-stage").focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    dialog.get_by_role("button", name="Use this part").click()
    assert is_blue(page.locator("[data-upload-now] canvas").first.evaluate(MIDDLE))

    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Saved.").wait_for()
    page.goto(f"/u/{person.username}")
    assert page.locator("h1").inner_text() == "Vera Ito"
    assert page.get_by_text("Modular, slowly.").is_visible()
    assert page.get_by_role("link", name="GitHub").get_attribute("href") == "https://github.com/vera"
    assert is_blue(page.locator(".person-head .avatar img").evaluate(MIDDLE))


def is_blue(pixel: list[int]) -> bool:
    red, green, blue = pixel
    return blue > 150 > 80 > max(red, green)


def test_who_cancels_the_cut_keeps_the_picture_as_it_was(visit: Visit, person: Person) -> None:
    visitor = enter(visit, person)
    page = visitor.page
    page.goto("/settings")
    choose_picture(visitor)
    page.get_by_role("button", name="Cancel").click()
    assert page.input_value("[name=avatar]") == ""
    page.set_input_files("[name=avatar]", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.get_by_text("This picture is damaged.").wait_for()
    page.fill("[name=display_name]", "Vera Ito")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Saved.").wait_for()
    page.goto(f"/u/{person.username}")
    assert page.locator(".person-head .avatar img").count() == 0


@on_both
def test_two_who_follow_each_other_are_friends(
    visit: Visit, person: Person, other: Person, size: dict[str, Any]
) -> None:
    one, two = enter(visit, person, **size), enter(visit, other, **size)
    two.page.goto(f"/u/{person.username}")
    stays(two)
    two.page.get_by_role("button", name="Follow", exact=True).click()
    two.page.get_by_role("button", name="Following").wait_for()
    assert "1 follower" in two.page.locator("#page-facts").inner_text()
    assert has_stayed(two)

    one.page.goto(f"/u/{other.username}")
    assert one.page.get_by_text("Follows you").is_visible()
    one.page.get_by_role("button", name="Follow back").click()
    one.page.get_by_role("button", name="Friends").wait_for()
    one.page.goto(f"/u/{person.username}/friends")
    one.page.locator(".person-list").get_by_role("link", name=other.username).click()
    one.page.wait_for_url(f"**/u/{other.username}")

    one.page.get_by_role("button", name="Friends").click()
    one.page.get_by_role("button", name="Follow back").wait_for()
    one.page.goto(f"/u/{person.username}/friends")
    assert one.page.get_by_text("No friends yet").is_visible()


@on_both
def test_a_profile_for_friends_opens_once_they_follow_each_other(
    visit: Visit, person: Person, other: Person, size: dict[str, Any]
) -> None:
    one, two = enter(visit, person, **size), enter(visit, other, **size)
    one.page.goto("/settings/privacy")
    one.page.get_by_label("Friends").check()
    one.page.get_by_role("button", name="Save changes").click()
    one.page.get_by_text("Saved.").wait_for()

    two.page.goto(f"/u/{person.username}")
    assert two.page.get_by_text("This profile opens for friends").is_visible()
    assert "Ambient at night" not in two.page.content()
    two.page.get_by_role("button", name="Follow", exact=True).click()
    two.page.get_by_role("button", name="Following").wait_for()
    one.page.goto(f"/u/{other.username}")
    one.page.get_by_role("button", name="Follow back").click()
    one.page.get_by_role("button", name="Friends").wait_for()
    two.page.reload()
    assert two.page.get_by_text("Ambient at night").is_visible()


@pytest.fixture
def followed(person: Person, other: Person) -> str:
    """A page with the name of `person` on it: the list of whom `other` follows."""
    assert other.api.post(f"/api/users/{person.id}/follow").is_success
    return f"/u/{other.username}/following"


def test_a_card_beside_a_name_tells_who_it_is_and_follows_them(
    stack: Stack, visit: Visit, person: Person, followed: str
) -> None:
    visitor = enter(visit, sign_up(stack))
    page = visitor.page
    page.goto(followed)
    stays(visitor)
    name = page.locator(".person-list").get_by_role("link", name=person.username)
    card = page.get_by_role("group", name=f"About {person.username}")
    name.hover()
    card.wait_for()
    assert "Ambient at night" in card.inner_text()
    box = card.bounding_box()
    assert box
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 800
    card.get_by_role("button", name="Follow", exact=True).click()
    card.get_by_role("button", name="Following").wait_for()
    assert "2 followers" in " ".join(card.inner_text().split())
    assert has_stayed(visitor)

    page.mouse.move(0, 700)
    card.wait_for(state="detached")
    name.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    card.wait_for()
    page.keyboard.press("Tab")  # into the card
    assert card.evaluate("card => card.contains(document.activeElement)")
    page.keyboard.press("Escape")
    card.wait_for(state="detached")
    assert name.evaluate("name => name === document.activeElement")


def test_a_finger_on_a_name_follows_the_link(visit: Visit, person: Person, followed: str) -> None:
    visitor = visit(**PHONE)
    visitor.page.goto(followed)
    visitor.page.locator(".person-list").get_by_role("link", name=person.username).tap()
    visitor.page.wait_for_url(f"**/u/{person.username}")
    assert visitor.page.locator(".person-card").count() == 0


@on_both
def test_who_is_blocked_follows_no_more_and_is_let_back_later(
    visit: Visit, person: Person, other: Person, followed: str, size: dict[str, Any]
) -> None:
    one, two = enter(visit, person, **size), enter(visit, other, **size)
    one.page.goto(f"/u/{other.username}")
    one.page.get_by_role("button", name=f"More about {other.username}").click()
    one.page.get_by_role("button", name="Block", exact=True).click()
    one.page.get_by_text(f"You block {other.username} now.").wait_for()
    one.page.goto(f"/u/{other.username}")
    one.page.get_by_text(f"You block {other.username}.").wait_for()

    two.page.goto(followed)
    assert two.page.locator(".person-list").count() == 0
    two.page.goto(f"/u/{person.username}")
    assert two.page.get_by_text("This person does not share their profile with you.").is_visible()
    assert two.page.get_by_role("button", name="Follow").count() == 0

    one.page.goto("/settings/blocks")
    one.page.get_by_role("button", name=f"Unblock {other.username}").click()
    one.page.get_by_text("You block nobody").wait_for()
    two.page.reload()
    two.page.get_by_role("button", name="Follow", exact=True).click()
    await_value(lambda: two.page.locator("#page-facts").inner_text(), lambda words: "1 follower" in words)


def stays(visitor: Visitor) -> None:
    """Mark the page, so that `has_stayed` tells whether it is still the same one."""
    visitor.page.evaluate("document.body.dataset.sameBody = 'yes'")


def has_stayed(visitor: Visitor) -> bool:
    return visitor.page.evaluate("document.body.dataset.sameBody") == "yes"
