"""Keeping a room civil from the chat itself, and what those feel whom it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Route

from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack

from .test_chat import choose, line_of, offered, post
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]


@pytest.fixture
def owner(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture
def channel(owner: Person) -> dict[str, Any]:
    return owner.create_channel()


@pytest.fixture
def troll(stack: Stack) -> Person:
    return sign_up(stack)


def open_chat(visit: Visit, person: Person, channel: dict[str, Any], **options: Any) -> Visitor:
    visitor = visit(**options)
    visitor.sign_in(person.username)
    visitor.watch(channel["slug"])
    visitor.await_chat()
    return visitor


def standing_of(visitor: Visitor) -> Locator:
    return visitor.page.locator("[data-chat-standing]")


def notes(visitor: Visitor) -> list[str]:
    """What the house said to this visitor."""
    return visitor.page.locator("[data-chat-log] .event").all_inner_texts()


def answer_dialog(visitor: Visitor, button: str, *, reason: str = "") -> None:
    dialog = visitor.page.locator("dialog[open]")
    if reason:
        dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=button, exact=True).click()


def await_form(visitor: Visitor) -> None:
    field = visitor.page.locator("[data-chat-form] textarea")
    await_value(field.is_visible, bool)


def test_the_menu_offers_what_the_role_allows(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    post(owner, channel, "welcome")
    post(troll, channel, "hello")
    mine, theirs = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    everybodys = ["Reply", "Copy text", "Profile"]
    keeping = ["Pin", "Delete message", "Delete all of this person", "Warn", "Time out", "Ban"]
    assert offered(mine, "hello") == [*everybodys, *keeping, "Report", "Block this person"]
    mine.page.keyboard.press("Escape")
    assert offered(mine, "welcome") == [*everybodys, "Pin", "Delete message"]
    assert offered(theirs, "welcome") == [*everybodys, "Report", "Block this person"]


@pytest.mark.both_modes
def test_a_time_out_reaches_its_person_at_once_and_can_be_taken_back(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    post(troll, channel, "noise")
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    moderator.await_line("noise")
    choose(moderator, "noise", "Time out")
    answer_dialog(moderator, "Time out", reason="too loud")
    words = standing_of(person)
    await_value(words.is_visible, bool)
    assert "You are timed out. You can write again in" in words.inner_text()
    assert "too loud" in words.inner_text()
    assert not person.page.locator("[data-chat-form]").is_visible()
    struck = "(line) => getComputedStyle(line.querySelector('.chat-text')).textDecorationLine"
    await_value(lambda: line_of(moderator, "noise").evaluate(struck), lambda line: line == "line-through")
    await_value(lambda: notes(moderator), bool)
    assert f"{troll.username} can't write for 10 min." in notes(moderator)[0]
    moderator.page.locator(".event").get_by_role("button", name="Undo").click()
    await_form(person)
    person.say("music")
    moderator.await_line("music")


@pytest.mark.both_modes
def test_what_the_banned_said_is_read_by_moderators_alone_until_they_are_back(
    visit: Visit, stack: Stack, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    first = post(troll, channel, "an ugly thing")
    answer = {"content": "please stop", "replyTo": first["id"]}
    expect(201, owner.api.post(f"/api/channels/{channel['id']}/messages", json=answer))
    post(troll, channel, "not at all")
    said = ["an ugly thing", "please stop", "not at all"]
    moderator, reader = open_chat(visit, owner, channel), open_chat(visit, sign_up(stack), channel)
    reader.await_line("not at all")
    choose(moderator, "not at all", "Ban")
    answer_dialog(moderator, "Ban")
    hidden = ["Message removed", "please stop", "Message removed"]
    for time in ("live", "later"):
        for visitor, wanted in ((moderator, said), (reader, hidden)):
            await_value(
                lambda visitor=visitor: visitor.lines()[:3], lambda lines, wanted=wanted: lines == wanted
            )
            await_value(visitor.page.locator("[data-struck]").count, lambda count: count == 2)
            assert "ugly" not in visitor.page.locator(".reply:visible").inner_text(), time
        assert "an ugly thing" not in reader.page.content()
        deeds = offered(moderator, "not at all")
        assert "Delete message" in deeds and not {"Restore message", "Pin"} & set(deeds)
        for visitor in (moderator, reader):
            visitor.page.reload()
            visitor.await_chat()
    assert owner.api.delete(f"/api/channels/{channel['id']}/bans/{troll.id}").is_success
    for visitor in (moderator, reader):
        await_value(visitor.page.locator("[data-struck]").count, lambda count: count == 0)
        assert visitor.lines() == said
        assert "an ugly thing" in visitor.page.locator(".reply:visible").inner_text()


def test_lines_that_came_back_between_the_page_and_its_socket_are_told(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    post(troll, channel, "a hasty word")
    bans = f"/api/channels/{channel['id']}/bans"
    expect(201, owner.api.post(bans, json={"userId": troll.id}))
    reader = visit()
    lifted: list[int] = []

    def lift_first(route: Route) -> None:
        if not lifted:
            lifted.append(owner.api.delete(f"{bans}/{troll.id}").status_code)
        route.continue_()

    # The page is drawn, its script has not run yet.
    reader.page.route("**/js/watch*.js", lift_first)
    reader.watch(channel["slug"])
    reader.await_chat()
    await_value(reader.lines, lambda lines: lines == ["a hasty word"])
    assert lifted == [204]


def test_the_banned_may_ask_once_to_be_let_back(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    expect(201, owner.api.post(f"/api/channels/{channel['id']}/bans", json={"userId": troll.id}))
    person = open_chat(visit, troll, channel)
    box = standing_of(person)
    await_value(box.is_visible, bool)
    assert "You are banned from this chat." in box.inner_text()
    box.get_by_label("Why should the moderators let you back?").fill("I was wrong.")
    box.get_by_role("button", name="Ask to be unbanned").click()
    await_value(box.inner_text, lambda words: "have not answered yet" in words)
    pleas = expect(200, owner.api.get(f"/api/channels/{channel['id']}/unban-requests"))["data"]
    assert [plea["text"] for plea in pleas] == ["I was wrong."]
    answer = f"/api/channels/{channel['id']}/unban-requests/{pleas[0]['id']}/answer"
    expect(200, owner.api.post(answer, json={"answer": "granted"}))
    await_form(person)


def test_a_warning_is_read_before_its_person_goes_on(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    person = open_chat(visit, troll, channel)
    person.page.locator("[data-chat-form] textarea").fill("half a thought")
    warning = {"userId": troll.id, "reason": "Keep to the subject."}
    expect(201, owner.api.post(f"/api/channels/{channel['id']}/mod/warn", json=warning))
    box = standing_of(person)
    await_value(box.is_visible, bool)
    assert "A moderator warned you." in box.inner_text()
    assert "Keep to the subject." in box.inner_text()
    box.get_by_role("button", name="I have read it").click()
    await_form(person)
    assert person.page.locator("[data-chat-form] textarea").input_value() == "half a thought"
    await_value(lambda: person.page.evaluate("document.activeElement.name"), lambda name: name == "content")
    person.page.keyboard.press("Enter")
    person.await_line("half a thought")


def test_modes_stand_above_the_field_and_the_pin_above_the_lines(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    post(owner, channel, "read this first")
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    modes = person.page.locator("[data-chat-modes] li")
    settings = {"slow": 30, "followersOnly": 10}
    expect(200, owner.api.patch(f"/api/channels/{channel['id']}/settings", json=settings))
    wanted = ["Slow mode: 30 s", "Followers only: 10 min"]
    await_value(modes.all_inner_texts, lambda words: words == wanted)
    choose(moderator, "read this first", "Pin")
    pin = person.page.locator("[data-chat-pin]")
    await_value(pin.is_visible, bool)
    assert "read this first" in pin.inner_text()
    assert f"Pinned by {owner.username}" in pin.inner_text()
    pin.get_by_role("button", name="Hide the pinned message").click()
    assert not pin.is_visible()
    moderator.page.get_by_role("button", name="Unpin for everybody").click()
    await_value(moderator.page.locator("[data-chat-pin]").is_visible, lambda seen: not seen)


def test_a_command_is_carried_out_and_answered_to_its_sender_alone(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    field = moderator.page.locator("[data-chat-form] textarea")
    field.press_sequentially("/sl")
    options = moderator.page.locator("[data-chat-options] li b")
    await_value(options.all_inner_texts, lambda found: len(found) == 2)
    field.press("Enter")
    assert field.input_value() == "/slow "
    moderator.say("/slow 10s")
    await_value(lambda: notes(moderator), bool)
    assert notes(moderator) == ["Slow mode is on: one message every 10 seconds."]
    modes = person.page.locator("[data-chat-modes] li")
    await_value(modes.all_inner_texts, lambda words: words == ["Slow mode: 10 s"])
    assert notes(person) == []
    moderator.say("/slwo")
    error = moderator.page.locator("[data-chat-error]")
    await_value(error.inner_text, lambda words: "no command /slwo" in words)
    assert field.input_value() == "/slwo"
    assert moderator.lines() == person.lines() == []


@pytest.mark.both_modes
def test_clearing_empties_every_screen_and_undoing_fills_it_again(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    said = ["one thing", "then another matter", "at last the end of it"]
    for words in said:
        post(troll, channel, words)
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    person.await_line(said[-1])
    moderator.say("/clear")
    for visitor in (moderator, person):
        await_value(visitor.lines, lambda lines: lines == [])
    log = expect(200, owner.api.get(f"/api/channels/{channel['id']}/mod/logs"))["data"]
    expect(201, owner.api.post(f"/api/channels/{channel['id']}/mod/logs/{log[0]['id']}/undo"))
    for visitor in (moderator, person):
        await_value(visitor.lines, lambda lines: lines == said)


def test_an_announcement_stands_out(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    person = open_chat(visit, troll, channel)
    announcement = {"content": "We begin in five minutes"}
    expect(201, owner.api.post(f"/api/channels/{channel['id']}/announcements", json=announcement))
    person.await_line("We begin in five minutes")
    assert "Announcement" in line_of(person, "We begin").inner_text()
    person.page.reload()
    person.await_line("We begin in five minutes")
    assert "Announcement" in line_of(person, "We begin").inner_text()


@pytest.mark.both_modes
def test_a_report_reaches_the_moderators_with_its_reason(
    visit: Visit, stack: Stack, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    post(troll, channel, "buy followers here")
    reader = open_chat(visit, sign_up(stack), channel)
    reader.await_line("buy followers here")
    choose(reader, "buy followers here", "Report")
    reader.page.locator("dialog[open]").get_by_label("What is wrong with it").select_option("spam")
    answer_dialog(reader, "Report")
    await_value(lambda: notes(reader), bool)
    reports = expect(200, owner.api.get(f"/api/channels/{channel['id']}/reports"))["data"]
    assert [(report["kind"], report["reason"]) for report in reports] == [("message", "spam")]


def test_what_a_removed_message_said_is_shown_to_moderators_alone(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    post(troll, channel, "a secret")
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    moderator.await_line("a secret")
    choose(moderator, "a secret", "Delete message")
    for visitor in (moderator, person):
        await_value(visitor.lines, lambda lines: lines == ["Message removed"])
    assert "Show what it said" not in offered(person, "Message removed")
    choose(moderator, "Message removed", "Show what it said")
    await_value(moderator.lines, lambda lines: lines == ["a secret"])


def test_a_restored_message_has_its_words_again_everywhere(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    post(troll, channel, "it was a misunderstanding")
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    choose(moderator, "it was", "Delete message")
    await_value(person.lines, lambda lines: lines == ["Message removed"])
    choose(moderator, "Message removed", "Restore message")
    for visitor in (moderator, person):
        visitor.await_line("it was a misunderstanding")


def test_all_that_a_person_said_is_removed_at_once_and_where_it_was_quoted(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    first = post(troll, channel, "loud words of a troll")
    post(troll, channel, "and more of them")
    answer = {"content": "please stop", "replyTo": first["id"]}
    expect(201, owner.api.post(f"/api/channels/{channel['id']}/messages", json=answer))
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    choose(moderator, "and more of them", "Delete all of this person")
    for visitor in (moderator, person):
        await_value(
            visitor.lines, lambda lines: lines == ["Message removed", "Message removed", "please stop"]
        )
    assert person.page.locator(".reply:visible").inner_text() == "Reply to a removed message"


@pytest.mark.both_modes
def test_a_held_message_waits_in_its_writers_sight_and_comes_when_it_is_approved(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    rules = {"rules": [{"kind": "terms", "action": "hold", "settings": {"blocked": ["butler"]}}]}
    expect(200, owner.api.put(f"/api/channels/{channel['id']}/filters", json=rules))
    moderator, person = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    person.say("it was the butler")
    held = person.page.locator("[data-held]")
    await_value(held.count, lambda count: count == 1)
    assert "A moderator looks at your message" in held.inner_text()
    assert person.page.locator("[data-chat-form] textarea").input_value() == ""
    person.say("the butler again, or not")
    await_value(held.count, lambda count: count == 2)
    assert moderator.lines() == []
    queue = expect(200, owner.api.get("/api/moderation/queue", params={"channel": channel["id"]}))["data"]
    ids = {row["content"]: row["id"] for row in queue}
    approve = f"/api/moderation/queue/{ids['it was the butler']}/approve"
    assert owner.api.post(approve).is_success
    for visitor in (moderator, person):
        visitor.await_line("it was the butler")
    await_value(held.count, lambda count: count == 1)
    assert owner.api.post(f"/api/moderation/queue/{ids['the butler again, or not']}/reject").is_success
    await_value(held.count, lambda count: count == 0)
    assert len(notes(person)) == 1


def test_slow_mode_says_when_one_may_go_on(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    expect(200, owner.api.patch(f"/api/channels/{channel['id']}/settings", json={"slow": 3}))
    person = open_chat(visit, troll, channel)
    await_value(person.page.locator("[data-chat-modes] li").count, lambda count: count == 1)
    person.say("one thought")
    error = person.page.locator("[data-chat-error]")
    await_value(error.inner_text, lambda words: "You can write again in" in words)
    assert person.page.locator("[data-chat-form] [type=submit]").is_disabled()
    await_value(error.inner_text, lambda words: words == "")
    person.say("another thing entirely")
    person.await_line("another thing entirely")


OTHER_MODES = {
    "membersOnly": ("Members only", "Only members of this channel"),
    "emotesOnly": ("Emotes only", "Only emotes and emoji"),
    "unique": ("No repeats", "This has been said before"),
}


@pytest.mark.both_modes
def test_who_waits_for_a_mode_goes_on_as_soon_as_it_ends(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    settings = f"/api/channels/{channel['id']}/settings"
    expect(200, owner.api.patch(settings, json={"followersOnly": 10}))
    assert troll.api.post(f"/api/channels/{channel['id']}/follow").is_success
    person = open_chat(visit, troll, channel)
    person.say("I am new here")
    error = person.page.locator("[data-chat-error]")
    await_value(error.inner_text, lambda words: "You can write again in 9 min" in words)
    submit = person.page.locator("[data-chat-form] [type=submit]")
    assert submit.is_disabled()
    expect(200, owner.api.patch(settings, json={"followersOnly": None}))
    await_value(submit.is_enabled, bool)
    assert error.inner_text() == ""
    submit.click()
    person.await_line("I am new here")
    modes = person.page.locator("[data-chat-modes] li")
    for mode, (label, refusal) in OTHER_MODES.items():
        expect(200, owner.api.patch(settings, json={mode: True}))
        await_value(modes.all_inner_texts, lambda words, label=label: words == [label])
        person.say("I am new here")
        await_value(error.inner_text, lambda words, refusal=refusal: refusal in words)
        assert person.page.locator("[data-chat-form] textarea").input_value() == "I am new here"
        expect(200, owner.api.patch(settings, json={mode: False}))
    assert person.lines() == ["I am new here"]


def test_what_was_removed_between_the_page_and_its_socket_is_told(
    visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    said = post(owner, channel, "gone in a moment")
    visitor = visit()
    removed: list[int] = []

    def remove_first(route: Route) -> None:
        if not removed:
            removed.append(owner.api.delete(f"/api/messages/{said['id']}").status_code)
        route.continue_()

    # The page is drawn, its script has not run yet.
    visitor.page.route("**/js/watch*.js", remove_first)
    visitor.watch(channel["slug"])
    visitor.await_chat()
    await_value(visitor.lines, lambda lines: lines == ["Message removed"])
    assert removed == [204]


@pytest.mark.both_modes
def test_the_list_says_who_is_there_and_leads_to_a_message(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    moderator, _ = open_chat(visit, owner, channel), open_chat(visit, troll, channel)
    moderator.page.get_by_role("button", name="Who is in the chat").click()
    people = moderator.page.locator(".chat-people")
    await_value(people.locator("h4").all_inner_texts, lambda heads: heads == ["Owner", "Viewers"])
    people.get_by_role("button", name=troll.username).click()
    assert moderator.page.locator("[data-chat-form] textarea").input_value() == f"@{troll.username} "


def test_a_conversation_opens_by_itself_and_grows(
    visit: Visit, owner: Person, troll: Person, channel: dict[str, Any]
) -> None:
    first = post(owner, channel, "which song is this")
    post(troll, channel, "something else")
    reader = open_chat(visit, troll, channel)
    answer = {"content": "the third one", "replyTo": first["id"]}
    second = expect(201, owner.api.post(f"/api/channels/{channel['id']}/messages", json=answer))
    reader.await_line("the third one")
    line_of(reader, "the third one").locator(".reply").click()
    thread = reader.page.locator("[data-chat-thread]")
    await_value(thread.locator(".chat-text").all_inner_texts, lambda said: len(said) == 2)
    assert thread.locator(".chat-text").all_inner_texts() == ["which song is this", "the third one"]
    reader.say("it was the third")
    await_value(thread.locator(".chat-text").all_inner_texts, lambda said: "it was the third" in said)
    answer = {"content": "thanks", "replyTo": second["id"]}
    expect(201, owner.api.post(f"/api/channels/{channel['id']}/messages", json=answer))
    await_value(thread.locator(".chat-text").all_inner_texts, lambda said: "thanks" in said)
    reader.page.get_by_role("button", name="Back to the chat").click()
    assert not thread.is_visible()
