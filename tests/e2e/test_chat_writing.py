"""What helps while one writes: answers, names, emoji, commands; and the chat in a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stack.people import Person, sign_up
from tests.stack.running import Stack

from .test_chat import choose, enter, line_of, post
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]


@pytest.fixture
def voice(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture
def channel(voice: Person) -> dict[str, Any]:
    return voice.create_channel()


@pytest.fixture
def writer(visit: Visit, stack: Stack, channel: dict[str, Any]) -> Visitor:
    return enter(visit, stack, channel["slug"])


def field_of(visitor: Visitor) -> Any:
    return visitor.page.locator("[data-chat-form] textarea")


def suggestions(visitor: Visitor) -> list[str]:
    return visitor.page.locator("[data-chat-options] li").all_inner_texts()


def test_an_answer_stands_below_what_it_answers(
    voice: Person, channel: dict[str, Any], writer: Visitor
) -> None:
    post(voice, channel, "who is there")
    writer.await_line("who is there")
    choose(writer, "who is there", "Reply")
    quote = writer.page.locator("[data-chat-quote]")
    assert quote.inner_text().strip() == f"Reply to {voice.username}: who is there"
    writer.say("me")
    writer.await_line("me")
    assert not quote.is_visible()
    writer.page.reload()
    writer.await_line("me")
    above = writer.page.locator("[data-chat-log] [data-seq] .reply:visible").all_inner_texts()
    assert above == [f"Reply to {voice.username}: who is there"]


def test_escape_answers_nobody_and_keeps_the_words(
    voice: Person, channel: dict[str, Any], writer: Visitor
) -> None:
    post(voice, channel, "who is there")
    writer.await_line("who is there")
    choose(writer, "who is there", "Reply")
    field_of(writer).fill("not you")
    field_of(writer).press("Escape")
    assert not writer.page.locator("[data-chat-quote]").is_visible()
    assert field_of(writer).input_value() == "not you"


def test_a_name_is_completed_from_those_who_spoke(
    voice: Person, channel: dict[str, Any], writer: Visitor
) -> None:
    post(voice, channel, "good evening")
    writer.await_line("good evening")
    field_of(writer).press_sequentially(f"hello @{voice.username[:3].upper()}")
    await_value(lambda: suggestions(writer), lambda found: len(found) == 1)
    field_of(writer).press("Tab")
    assert field_of(writer).input_value() == f"hello @{voice.username} "
    assert suggestions(writer) == []


def test_emoji_are_found_by_their_words_and_the_last_ones_come_first(writer: Visitor) -> None:
    page = writer.page
    page.get_by_role("button", name="Emoji").click()
    page.get_by_role("searchbox", name="Search emoji").fill("rocket")
    await_value(page.locator("[data-sign]").count, lambda found: found == 1)
    page.locator("[data-sign]").click()
    assert field_of(writer).input_value() == "🚀"
    page.get_by_role("button", name="Emoji").click()
    assert page.locator("[data-emoji-groups] h3").first.inner_text() == "Recent"
    assert page.locator("[data-sign]").first.get_attribute("data-sign") == "🚀"
    page.keyboard.press("Escape")
    field_of(writer).press_sequentially(" :popc")
    await_value(lambda: suggestions(writer), bool)
    field_of(writer).press("Enter")
    assert field_of(writer).input_value() == "🚀 🍿 "


def test_the_chat_opens_in_a_window_of_its_own(writer: Visitor) -> None:
    with writer.page.expect_popup() as opened:
        writer.page.locator("[data-pop-out]").click()
    window = opened.value
    window.locator("[data-chat-state][data-state=open]").wait_for()
    field = window.locator("[data-chat-form] textarea")
    field.fill("from the small window")
    field.press("Enter")
    writer.await_line("from the small window")
    assert line_of(writer, "from the small window").count() == 1
    assert window.evaluate("document.documentElement.scrollHeight <= innerHeight")
