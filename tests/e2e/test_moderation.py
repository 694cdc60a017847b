"""The moderators' desk in browsers: live, without reloading, for everybody, in any window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack

from .test_pages import barriers
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


@dataclass
class Place:
    """A channel, its creator, a moderator of it and somebody who watches."""

    id: str
    slug: str
    creator: Person
    moderator: Person
    viewer: Person

    @property
    def desk(self) -> str:
        return f"/dashboard/{self.slug}/moderation"


@pytest.fixture
def place(stack: Stack) -> Place:
    creator, moderator, viewer = (sign_up(stack) for _ in range(3))
    channel = creator.create_channel()
    invitation = expect(
        201,
        creator.api.post(
            f"/api/channels/{channel['id']}/roles",
            json={"username": moderator.username, "role": "moderator"},
        ),
    )
    assert moderator.api.post(f"/api/invitations/{invitation['id']}/accept").is_success
    return Place(channel["id"], channel["slug"], creator, moderator, viewer)


@pytest.fixture
def desk(visit: Visit, place: Place) -> Visitor:
    """The moderator at the open desk."""
    visitor = visit()
    visitor.sign_in(place.moderator.username)
    visitor.page.goto(place.desk)
    visitor.await_chat()
    return visitor


def panel(visitor: Visitor) -> str:
    return visitor.page.locator("#desk-panel").inner_text()


def report(place: Place, reporter: Person) -> dict[str, Any]:
    asked = {"kind": "person", "subjectId": place.viewer.id, "channelId": place.id, "reason": "spam"}
    return expect(201, reporter.api.post("/api/reports", json=asked))


@pytest.mark.both_modes
def test_a_report_comes_up_by_itself_and_leads_to_a_ban(
    stack: Stack, visit: Visit, place: Place, desk: Visitor
) -> None:
    page = desk.page
    assert "Nothing waits for you" in panel(desk)
    report(place, sign_up(stack))
    await_value(lambda: panel(desk), lambda words: "Spam or fraud" in words)
    assert page.locator(".desk-count").inner_text() == "1"
    page.get_by_role("link", name=f"Act on {place.viewer.username}").click()
    page.wait_for_url(f"**/people/{place.viewer.id}")
    page.fill("[name=reason]", "Advertising")
    page.get_by_role("button", name="Ban", exact=True).click()
    await_value(lambda: panel(desk), lambda words: "Unban" in words)
    page.go_back()
    page.get_by_role("button", name="Uphold").click()
    await_value(lambda: panel(desk), lambda words: "Nothing waits for you" in words)
    assert page.locator(".desk-count").count() == 0
    assert desk.chat_state.get_attribute("data-state") == "open", "the chat was left on the way"

    banned = visit()
    banned.sign_in(place.viewer.username)
    banned.page.goto(f"/c/{place.slug}/standing")
    banned.page.get_by_label("Your request").fill("I have read the rules now")
    banned.page.get_by_role("button", name="Ask to be unbanned").click()
    await_value(lambda: panel(desk), lambda words: "I have read the rules now" in words)
    page.get_by_label("Note for moderators").fill("Second chance")
    page.get_by_role("button", name="Unban").click()
    await_value(lambda: panel(desk), lambda words: "Nothing waits for you" in words)
    banned.page.reload()
    assert "Nothing stands against you here" in banned.page.locator("main").inner_text()


def test_a_held_message_is_approved_beside_the_chat(visit: Visit, place: Place, desk: Visitor) -> None:
    rules = {"rules": [{"kind": "terms", "action": "hold", "settings": {"blocked": ["butler"]}}]}
    assert place.creator.api.put(f"/api/channels/{place.id}/filters", json=rules).is_success
    viewer = visit()
    viewer.sign_in(place.viewer.username)
    viewer.watch(place.slug)
    viewer.await_chat()
    viewer.say("It was the b u t l e r")
    await_value(lambda: panel(desk), lambda words: "It was the" in words)
    assert desk.page.locator(".desk-said mark").inner_text() == "b u t l e r"
    assert desk.lines() == []
    desk.page.get_by_role("button", name="Approve").click()
    for visitor in (desk, viewer):
        visitor.await_line("It was the b u t l e r")
    await_value(lambda: panel(desk), lambda words: "Nothing waits for you" in words)


def test_what_somebody_types_is_not_taken_by_what_others_do(
    stack: Stack, place: Place, desk: Visitor
) -> None:
    first = sign_up(stack)
    report(place, first)
    await_value(lambda: panel(desk), lambda words: first.username in words)
    note = desk.page.get_by_label("Note on the decision")
    note.fill("Half a sentence")
    report(place, second := sign_up(stack))
    await_value(lambda: desk.page.locator(".desk-count").inner_text(), lambda count: count == "2")
    assert note.input_value() == "Half a sentence"
    assert second.username not in panel(desk)
    note.fill("")
    desk.page.locator("#desk-tabs a").first.focus()
    await_value(lambda: panel(desk), lambda words: second.username in words)


def test_the_keyboard_stays_where_it_was_when_the_desk_changes(
    stack: Stack, place: Place, desk: Visitor
) -> None:
    first = sign_up(stack)
    report(place, first)
    await_value(lambda: panel(desk), lambda words: first.username in words)
    desk.page.get_by_role("button", name="Dismiss").focus()
    report(place, second := sign_up(stack))
    await_value(lambda: panel(desk), lambda words: second.username in words)
    focused = desk.page.evaluate(
        "[document.activeElement.value, document.activeElement.closest('article').innerText]"
    )
    assert focused[0] == "dismissed"
    assert first.username in focused[1]


@pytest.mark.both_modes
def test_who_is_let_go_leaves_the_desk_at_once(place: Place, desk: Visitor) -> None:
    assert place.creator.api.delete(f"/api/channels/{place.id}/roles/{place.moderator.username}").is_success
    main = desk.page.locator("main")
    await_value(main.inner_text, lambda words: "Not for you" in words)


@pytest.mark.both_modes
def test_rules_are_tried_saved_and_the_shield_is_one_press(place: Place, desk: Visitor) -> None:
    desk.say("The butler did it")
    desk.await_line("The butler did it")
    page = desk.page
    page.get_by_role("link", name="Rules").click()
    page.wait_for_url("**/rules")
    page.locator("#rule-terms summary").click()
    page.locator("#rule-terms").get_by_label("Caught").fill("butler")
    page.locator("#rule-terms").get_by_role("button", name="Try on the last 24 hours").click()
    # A moderator is not judged, so nothing would have been caught.
    await_value(lambda: panel(desk), lambda words: "would have caught none of 1 message" in words)
    page.locator("#rule-terms").get_by_role("button", name="Save").click()
    # Two deeds at once would each bring a page, and the later one may be the older.
    page.locator("form[aria-busy]").wait_for(state="detached")
    page.get_by_role("button", name="Raise the shield").click()
    page.get_by_role("button", name="Lower the shield").click()
    page.get_by_role("button", name="Raise the shield").wait_for()


def test_the_log_is_filtered_and_undone_beside_the_chat(place: Place, desk: Visitor) -> None:
    banned = {"userId": place.viewer.id, "reason": "Rude"}
    assert place.creator.api.post(f"/api/channels/{place.id}/bans", json=banned).is_success
    page = desk.page
    page.get_by_role("link", name="Log", exact=True).click()
    await_value(lambda: panel(desk), lambda words: "Rude" in words)
    page.get_by_label("Done by").fill(place.viewer.username)
    page.get_by_role("button", name="Filter").click()
    await_value(lambda: panel(desk), lambda words: "Nothing like this" in words)
    assert f"by={place.viewer.username}" in page.url
    page.get_by_label("Done by").fill("")
    page.locator("[name=action]").select_option("person.ban")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**action=person.ban*")
    assert "Rude" in panel(desk)
    page.get_by_role("button", name="Undo", exact=True).click()
    await_value(lambda: panel(desk), lambda words: "Undone" in words)
    assert desk.chat_state.get_attribute("data-state") == "open", "the chat was left on the way"


def test_a_name_in_the_chat_opens_its_card(place: Place, desk: Visitor) -> None:
    desk.say("Here I am")
    desk.await_line("Here I am")
    desk.page.locator("[data-chat-log] [data-seq] .chat-name").first.click()
    desk.page.wait_for_url(f"**/people/{place.moderator.id}")
    assert "You can't do this to yourself." in panel(desk)
    assert "Here I am" in panel(desk)


def test_the_pages_of_moderation_can_be_read_by_everybody(stack: Stack, visit: Visit, place: Place) -> None:
    report(place, sign_up(stack))
    base = f"/api/channels/{place.id}"
    assert place.moderator.api.post(
        f"{base}/bans", json={"userId": place.viewer.id, "reason": "Rude"}
    ).is_success
    assert place.viewer.api.post(f"{base}/unban-requests", json={"text": "Sorry"}).is_success
    visitor = visit()
    visitor.sign_in(place.moderator.username)
    ends = ("", "/people", f"/people/{place.viewer.id}", "/banned", "/log", "/rules", "/rules?open=terms")
    findings = [finding for end in ends for finding in barriers(visitor, place.desk + end)]
    person = visit()
    person.sign_in(place.viewer.username)
    for path in (f"/c/{place.slug}/standing", f"/c/{place.slug}/report", f"/streams/{place.slug}"):
        findings += barriers(person, path)
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_of_moderation_scrolls_sideways(stack: Stack, visit: Visit, place: Place, width: int) -> None:
    report(place, sign_up(stack))
    assert place.moderator.api.post(
        f"/api/channels/{place.id}/bans", json={"userId": place.viewer.id, "reason": "R" * 300}
    ).is_success
    visitor = visit(**PHONE | {"width": width})
    visitor.sign_in(place.moderator.username)
    for end in ("", "/people", f"/people/{place.viewer.id}", "/banned", "/log", "/rules?open=similarity"):
        visitor.page.goto(place.desk + end)
        wide = visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{end} is {wide} px too wide"


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_an_editor_sets_the_modes_of_the_chat(
    visit: Visit, stack: Stack, place: Place, has_script: bool
) -> None:
    editor = sign_up(stack)
    roles = f"/api/channels/{place.id}/roles"
    offer = {"username": editor.username, "role": "editor"}
    invitation = expect(201, place.creator.api.post(roles, json=offer))
    assert editor.api.post(f"/api/invitations/{invitation['id']}/accept").is_success
    reader = visit()
    reader.watch(place.slug)
    reader.await_chat()
    browser = visit(java_script_enabled=has_script)
    browser.sign_in(editor.username)
    browser.page.goto(f"/dashboard/{place.slug}")
    browser.page.locator("nav.tabs").get_by_role("link", name="Chat").click()
    browser.page.get_by_label("Slow mode, in seconds").fill("30")
    browser.page.get_by_label("Emoji only").check()
    browser.page.get_by_role("button", name="Save").click()
    browser.page.get_by_text("Saved.").wait_for()
    assert browser.page.get_by_label("Slow mode, in seconds").input_value() == "30"
    modes = reader.page.locator("[data-chat-modes] li")
    wanted = ["Slow mode: 30 s", "Emotes only"]
    await_value(modes.all_inner_texts, lambda words: words == wanted)
    if has_script:
        assert barriers(browser, f"/dashboard/{place.slug}/chat") == []
