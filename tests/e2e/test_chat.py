"""The room in the browser: what is typed is never lost, what was said is never missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator

from tests.stack.people import Person, sign_up
from tests.stack.running import Stack

from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]
Room = dict[str, Any]


@pytest.fixture
def room(stack: Stack) -> Room:
    """A channel of its own, and somebody who is not on any page: `voice` speaks through the API."""
    voice = sign_up(stack)
    return {"voice": voice, "channel": voice.create_channel()}


def post(voice: Person, channel: dict[str, Any], content: str) -> dict[str, Any]:
    answer = voice.api.post(f"/api/channels/{channel['id']}/messages", json={"content": content})
    assert answer.status_code == 201, answer.text
    return answer.json()


def enter(visit: Visit, stack: Stack, slug: str, **options: Any) -> Visitor:
    """Somebody signed in, on the watch page, with an open socket."""
    person = sign_up(stack)
    visitor = visit(**options)
    visitor.sign_in(person.username)
    visitor.watch(slug)
    visitor.await_chat()
    return visitor


def line_of(visitor: Visitor, words: str) -> Locator:
    """The line with these words."""
    return visitor.page.locator("[data-chat-log] [data-seq]", has_text=words)


def offered(visitor: Visitor, words: str) -> list[str]:
    """What the menu of a line offers; it is open afterwards."""
    line = line_of(visitor, words)
    line.hover()
    line.locator("[data-chat-more]").click()
    items = visitor.page.locator("[data-chat-menu] button:visible")
    return [item.strip() for item in items.all_inner_texts()]


def choose(visitor: Visitor, words: str, deed: str) -> None:
    """Do something to a line by its menu."""
    offered(visitor, words)
    visitor.page.locator("[data-chat-menu]").get_by_role("menuitem", name=deed).click()


def test_a_visitor_without_an_account_reads_along(visit: Visit, room: Room) -> None:
    post(room["voice"], room["channel"], "before you came")
    visitor = visit()
    visitor.watch(room["channel"]["slug"])
    visitor.await_line("before you came")
    visitor.await_chat()
    post(room["voice"], room["channel"], "while you watch")
    visitor.await_line("while you watch")
    assert visitor.page.locator("[data-chat-form]").count() == 0
    agreed = visitor.page.evaluate(
        """slug => new Promise(tell => {
            const line = new WebSocket(`ws://${location.host}/ws/channels/${slug}`);
            line.onopen = () => { tell(line.extensions); line.close(); };
        })""",
        room["channel"]["slug"],
    )
    assert "permessage-deflate" in agreed, "what the room is told reaches a browser compressed"


def test_signing_in_to_chat_leads_back_to_the_room(stack: Stack, visit: Visit, room: Room) -> None:
    visitor = visit()
    visitor.watch(room["channel"]["slug"])
    visitor.page.locator(".chat-signin a").first.click()
    visitor.page.wait_for_url(lambda url: "/auth/login" in url)
    visitor.fill_in_sign_in(sign_up(stack).username)
    assert visitor.page.url.endswith(f"/streams/{room['channel']['slug']}")
    visitor.await_chat()
    visitor.say("here I am")
    visitor.await_line("here I am")


def test_the_first_lines_are_there_before_any_script(stack: Stack, visit: Visit, room: Room) -> None:
    post(room["voice"], room["channel"], "plain HTML")
    visitor = visit(java_script_enabled=False)
    visitor.watch(room["channel"]["slug"])
    assert "plain HTML" in visitor.lines()


@pytest.mark.both_modes
def test_own_words_show_at_once_and_stand_in_their_place(stack: Stack, visit: Visit, room: Room) -> None:
    visitor = enter(visit, stack, room["channel"]["slug"])
    for number in range(3):
        visitor.say(f"line {number}")
        post(room["voice"], room["channel"], f"voice {number}")
    await_value(visitor.numbers, lambda numbers: len(numbers) == 6)
    assert visitor.numbers() == [1, 2, 3, 4, 5, 6]
    assert sorted(visitor.lines()) == sorted(
        [f"line {n}" for n in range(3)] + [f"voice {n}" for n in range(3)]
    )
    assert visitor.page.locator("[data-chat-log] [data-pending]").count() == 0


def test_markup_and_links_are_shown_as_what_they_are(stack: Stack, visit: Visit, room: Room) -> None:
    visitor = enter(visit, stack, room["channel"]["slug"])
    hostile = '<img src=x onerror="document.title=1"> <script>document.title=2</script>'
    post(room["voice"], room["channel"], hostile)
    post(room["voice"], room["channel"], f"@{visitor.username} see https://example.org/x.")
    visitor.await_line(hostile)
    link = visitor.page.locator("[data-chat-log] a[target=_blank]")
    link.wait_for()
    assert link.get_attribute("href") == "https://example.org/x"
    assert "noopener" in (link.get_attribute("rel") or "")
    assert visitor.page.locator("[data-chat-log] mark").inner_text() == f"@{visitor.username}"
    visitor.page.reload()
    visitor.await_line(hostile)
    assert visitor.page.locator("[data-chat-log] img").count() == 0
    assert visitor.page.title() not in ("1", "2")


@pytest.fixture
def writer(fragile_stack: Stack, guest: Visitor) -> Visitor:
    """Somebody in a room where those who write too fast wait for four seconds."""
    guest.sign_in(sign_up(fragile_stack).username)
    guest.watch(sign_up(fragile_stack).create_channel()["slug"])
    guest.await_chat()
    return guest


def test_too_fast_writing_keeps_the_words_and_counts_down(writer: Visitor) -> None:
    visitor = writer
    for number in range(6):
        visitor.say(f"quick {number}")
    error = visitor.page.locator("[data-chat-error]")
    await_value(error.inner_text, lambda words: "again in" in words)
    assert visitor.page.locator("[data-chat-form] textarea").input_value() == "quick 5"
    assert visitor.page.locator("[data-chat-form] [type=submit]").is_disabled()
    await_value(visitor.lines, lambda lines: len(lines) == 5)
    await_value(error.inner_text, lambda words: words == "")
    visitor.page.locator("[data-chat-form] textarea").press("Enter")
    visitor.await_line("quick 5")


def test_a_refused_line_never_overwrites_the_next_one(writer: Visitor) -> None:
    visitor = writer
    for number in range(5):
        visitor.say(f"line {number}")
    field = visitor.page.locator("[data-chat-form] textarea")
    field.fill("one too many")
    # The next thought is begun before the server can answer: both in one step of the page.
    field.evaluate("(field) => { field.form.requestSubmit(); field.value = 'a new thought'; }")
    again = visitor.page.locator("[data-failed] .chat-again")
    again.wait_for()
    assert field.input_value() == "a new thought"
    assert "one too many" in visitor.page.locator("[data-failed]").inner_text()
    error = visitor.page.locator("[data-chat-error]")
    await_value(error.inner_text, lambda words: words == "")
    again.click()
    visitor.await_line("one too many")
    assert visitor.page.locator("[data-failed]").count() == 0


def test_reading_upwards_brings_what_was_said_before(stack: Stack, visit: Visit, room: Room) -> None:
    said = []
    for person in range(12):
        talker = sign_up(stack)
        for number in range(5):
            said.append(post(talker, room["channel"], f"line {person}.{number}")["content"])
    visitor = visit()
    visitor.watch(room["channel"]["slug"])
    visitor.await_chat()  # before it a page is at its top, and to scroll there is nothing new
    assert visitor.lines()[-1] == said[-1]
    assert len(visitor.lines()) < len(said)
    log = visitor.page.locator("[data-chat-log]")
    log.evaluate("(list) => { list.scrollTop = 0; }")
    await_value(visitor.lines, lambda lines: lines == said)
    assert log.evaluate("(list) => list.scrollTop") > 0, "the reader was moved to the top"
    assert visitor.numbers() == list(range(1, len(said) + 1))


def test_a_draft_survives_a_reload(stack: Stack, visit: Visit, room: Room) -> None:
    visitor = enter(visit, stack, room["channel"]["slug"])
    visitor.page.locator("[data-chat-form] textarea").fill("half a thought")
    visitor.page.reload()
    field = visitor.page.locator("[data-chat-form] textarea")
    await_value(field.input_value, lambda words: words == "half a thought")


def test_too_long_a_message_is_kept_whole_and_told_before_it_is_sent(
    stack: Stack, visit: Visit, room: Room
) -> None:
    visitor = enter(visit, stack, room["channel"]["slug"])
    visitor.say("x" * 520)
    assert "at most 500" in visitor.page.locator("[data-chat-error]").inner_text()
    assert visitor.page.locator("[data-chat-count]").inner_text() == "520/500"
    assert len(visitor.page.locator("[data-chat-form] textarea").input_value()) == 520


def test_somebody_who_reads_up_is_told_how_much_is_new(stack: Stack, visit: Visit, room: Room) -> None:
    talkers = [room["voice"], *(sign_up(stack) for _ in range(5))]
    for number in range(30):
        post(talkers[number % 6], room["channel"], f"line {number} " + "and on " * 20)
    visitor = enter(visit, stack, room["channel"]["slug"])
    log = visitor.page.locator("[data-chat-log]")
    await_value(lambda: log.evaluate(AT_BOTTOM), bool)
    log.evaluate("(list) => { list.scrollTop = 0; }")
    place = log.evaluate("(list) => list.scrollTop")
    newcomer = sign_up(stack)
    post(newcomer, room["channel"], "one")
    post(newcomer, room["channel"], "two")
    button = visitor.page.locator("[data-chat-new]")
    await_value(button.inner_text, lambda words: words == "2 new messages")
    assert log.evaluate("(list) => list.scrollTop") == place, "the reader was moved"
    button.click()
    await_value(lambda: log.evaluate(AT_BOTTOM), bool)
    assert not button.is_visible()


AT_BOTTOM = "(list) => list.scrollHeight - list.scrollTop - list.clientHeight < 4"


@pytest.mark.both_modes
def test_a_removed_message_loses_its_words_on_every_open_page(stack: Stack, visit: Visit, room: Room) -> None:
    author, reader = (enter(visit, stack, room["channel"]["slug"]) for _ in range(2))
    author.say("better not said")
    reader.await_line("better not said")
    assert "Delete message" not in offered(reader, "better not said")
    reader.page.keyboard.press("Escape")
    choose(author, "better not said", "Delete message")
    for page in (author, reader):
        await_value(page.lines, lambda lines: lines == ["Message removed"])


@pytest.mark.both_modes
def test_who_is_typing_is_said_to_the_others(stack: Stack, visit: Visit, room: Room) -> None:
    writer, reader = (enter(visit, stack, room["channel"]["slug"]) for _ in range(2))
    writer.page.locator("[data-chat-form] textarea").press_sequentially("well")
    words = reader.page.locator("[data-chat-typing]")
    await_value(words.inner_text, lambda text: text == f"{writer.username} is typing")
    assert "typing" not in writer.page.locator("[data-chat-typing]").inner_text()


@pytest.mark.both_modes
def test_who_comes_and_goes_is_said_in_a_small_room(stack: Stack, visit: Visit, room: Room) -> None:
    reader = enter(visit, stack, room["channel"]["slug"])
    newcomer = enter(visit, stack, room["channel"]["slug"])
    words = reader.page.locator("[data-chat-typing]")
    await_value(words.inner_text, lambda text: text == f"{newcomer.username} is here")
    newcomer.page.goto("about:blank")
    await_value(words.inner_text, lambda text: text == f"{newcomer.username} left")
    await_value(words.inner_text, lambda text: text == "")


@pytest.mark.both_modes
def test_after_a_restart_of_the_server_the_room_has_no_hole(fragile_stack: Stack, guest: Visitor) -> None:
    voice, reader = sign_up(fragile_stack), sign_up(fragile_stack)
    channel = voice.create_channel()
    guest.expects_outage = True
    guest.sign_in(reader.username)
    guest.watch(channel["slug"])
    guest.await_chat()
    guest.say("before")
    guest.await_line("before")

    sockets = [role for role in fragile_stack.processes if role.startswith("socket")] or ["live"]
    for role in sockets:
        fragile_stack.kill(role)
    await_value(lambda: guest.chat_state.get_attribute("data-state"), lambda at: at != "open")
    guest.say("into the dark")
    assert "into the dark" in guest.page.locator("[data-chat-log]").inner_text(), "own words vanished"
    for role in sockets:
        fragile_stack.restart(role)
    meanwhile = [f"meanwhile {number}" for number in range(3)]
    for words in meanwhile:
        post(voice, channel, words)
    guest.await_chat(seconds=40)
    guest.await_line("into the dark")
    post(voice, channel, "after")
    guest.await_line("after")
    assert guest.numbers() == list(range(1, 7))
    assert sorted(guest.lines()) == sorted(["before", "into the dark", "after", *meanwhile])
