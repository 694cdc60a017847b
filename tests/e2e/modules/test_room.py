"""The chat's whole script on its own markup; the test plays the server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, WebSocketRoute

from . import ME, await_value, chat_markup

ANN = {"id": "2", "username": "ann", "displayName": "Ann", "color": ""}


class Room:
    """A page with nothing but the chat of Nova. `heard` holds what it sent since it was last opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.url = page.url
        self.heard: list[dict[str, Any]] = []
        self.drawn: list[Any] = []
        self.history: dict[str, Any] = {"messages": [], "lastSeq": 0, "truncated": False}
        page.route("**/api/auth/ws-ticket", lambda route: route.fulfill(json={"ticket": "another"}))
        page.route_web_socket(re.compile("/ws/channels/nova"), self._greet)

    def open(self, *, reader: dict[str, Any] | None = ME, then: str = "() => {}") -> Room:
        """The page anew, as after a reload; its socket is open. `then` runs before the chat's script."""
        self.page.goto(self.url)
        self.page.set_content(chat_markup(reader=reader, drawn=self.drawn))
        self.page.evaluate(then)
        self.heard.clear()
        self.page.evaluate(
            "async () => { const { Room } = await import('/js/chat/room.js');"
            " new Room(document.querySelector('[data-chat]')).socket.open(); }"
        )
        self.page.locator("[data-chat-state][data-state=open]").wait_for()
        return self

    def _greet(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        socket.on_message(lambda words: self.heard.append(json.loads(words)))
        self.tell("chat:history", self.history)

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        frame = {"type": kind, "payload": payload, "timestamp": timezone.now().isoformat()}
        self.socket.send(json.dumps(frame))

    def message(self, seq: int, content: str, user: dict[str, Any] = ANN, **more: Any) -> dict[str, Any]:
        created_at = timezone.now().isoformat()
        return {"id": f"m{seq}", "seq": seq, "content": content, "user": user, "createdAt": created_at} | more

    def say(self, *contents: str, start: int = 1) -> None:
        """Somebody writes, and the lines are there."""
        for seq, content in enumerate(contents, start):
            self.tell("chat:message", self.message(seq, content))
        self.line(contents[-1]).wait_for()

    @property
    def field(self) -> Locator:
        return self.page.locator("[data-chat-form] textarea")

    def write(self, words: str) -> None:
        self.field.fill(words)
        self.field.press("Enter")

    def line(self, words: str) -> Locator:
        return self.page.locator("[data-chat-log] > li", has_text=words)

    @property
    def lines(self) -> list[str]:
        return self.page.locator("[data-chat-log] > li .chat-text").all_inner_texts()

    @property
    def notes(self) -> list[str]:
        return self.page.locator("[data-chat-log] > .event").all_inner_texts()

    def sent(self) -> list[dict[str, Any]]:
        """The messages that it sent since it was last opened."""
        return [frame["payload"] for frame in self.heard if frame["type"] == "chat:send"]

    def reconnect(self, **history: Any) -> None:
        """The socket breaks and comes back with this."""
        self.history = self.history | history
        self.socket.close(code=1012)
        self.page.locator("[data-chat-state]:not([data-state=open])").wait_for()
        self.page.locator("[data-chat-state][data-state=open]").wait_for()


@pytest.fixture
def room(module_page: Page) -> Iterator[Room]:
    home = module_page.url
    yield Room(module_page)
    module_page.evaluate("sessionStorage.clear()")
    module_page.unroute_all()
    module_page.goto(home)


def test_what_could_not_be_read_anew_is_offered_instead_of_an_empty_room(room: Room) -> None:
    """More was removed meanwhile than is told: what stands there is not to be trusted."""
    answers = [{"data": [room.message(1, "still here")]}]

    def answer(route: Route) -> None:
        if is_away:
            route.abort("internetdisconnected")
        else:
            route.fulfill(json=answers[0])

    is_away = True
    room.page.route("**/api/channels/nova-id/messages?limit=100", answer)
    room.open().say("still here", "removed meanwhile")
    room.reconnect(lastSeq=2, reload=True)
    offer = room.page.get_by_role("button", name="Load it")
    offer.wait_for()
    assert room.lines == []
    is_away = False
    offer.click()
    room.line("still here").wait_for()
    assert room.lines == ["still here"] and room.notes == []


def test_what_did_not_go_out_goes_when_the_page_is_loaded_anew(room: Room) -> None:
    room.open().write("into the tunnel")
    await_value(room.page, room.sent, bool)
    nonce = room.sent()[0]["nonce"]
    room.open()
    room.line("into the tunnel").wait_for()
    await_value(room.page, room.sent, bool)
    assert room.sent() == [{"content": "into the tunnel", "nonce": nonce}]
    room.tell("chat:message", room.message(1, "into the tunnel", ME))
    room.tell("chat:ack", {"nonce": nonce, "id": "m1", "seq": 1})
    room.page.locator("[data-message-id=m1]").wait_for()
    assert room.lines == ["into the tunnel"]
    assert room.open().lines == []


def test_what_was_left_unsent_for_long_is_its_writers_to_send(room: Room) -> None:
    room.open().write("good night everybody")
    room.page.evaluate(
        "sessionStorage.setItem('aethex.outbox.1.nova', sessionStorage.getItem('aethex.outbox.1.nova')"
        '.replace(/(?<="writtenAt":)\\d+/, String(Date.now() - 3_600_000)))'
    )
    room.open()
    assert room.field.input_value() == "good night everybody"
    assert room.lines == [] and room.heard == []
    assert "This was not sent." in room.page.locator("[data-chat-error]").inner_text()


def test_a_line_that_the_server_fails_over_again_and_again_is_given_back(room: Room) -> None:
    room.open().write("the line that breaks it")
    await_value(room.page, room.sent, bool)
    fault = {"nonce": room.sent()[0]["nonce"], "code": "INTERNAL", "message": "Something went wrong here."}
    for _ in range(2):
        room.tell("chat:error", fault)
    room.page.locator("[data-chat-error]", has_text="Something went wrong here.").wait_for()
    assert room.lines == ["the line that breaks it"] and room.field.input_value() == ""
    room.tell("chat:error", fault)
    await_value(room.page, room.field.input_value, lambda words: words == "the line that breaks it")
    assert room.lines == []


LISTEN = """
() => {
  window.readOut = [];
  new MutationObserver((changes) => {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
      const region = (node.nodeType === 1 ? node : node.parentElement)?.closest("[aria-live]");
      const words = (node.querySelector?.(".chat-text") ?? node).textContent;
      if (region?.ariaLive === "polite") readOut.push(words);
    }
  }).observe(document.querySelector(".chat-lines"), { childList: true, subtree: true });
}
"""


def test_what_is_new_is_read_out_once_and_nothing_else(room: Room) -> None:
    def told() -> list[str]:
        return room.page.evaluate("readOut")

    room.drawn = [drawn(2, "said before"), drawn(3, "@me said before, too")]
    earlier = [room.message(1, "long ago")]
    room.page.route("**/messages?before=2&*", lambda route: route.fulfill(json={"data": earlier}))
    room.open(then=LISTEN)
    room.page.locator("[data-chat-log]").dispatch_event("scroll")
    room.line("long ago").wait_for()
    assert told() == []
    room.say("new", "newer", start=4)
    assert told() == ["new", "newer"]
    room.write("mine")
    sent = await_value(room.page, room.sent, bool)
    room.tell("chat:message", room.message(6, "mine", ME))
    room.tell("chat:ack", {"nonce": sent[0]["nonce"], "id": "m6", "seq": 6})
    room.page.locator("[data-message-id=m6]").hover()
    room.page.locator("[data-message-id=m6] .chat-tools").wait_for()
    assert told() == ["new", "newer", "mine"]
    room.tell("chat:cleared", {"userId": ANN["id"], "upTo": 5})
    room.page.locator("[data-message-id=m5][data-deleted]").wait_for()
    room.tell("chat:restored", {"messages": [room.message(5, "newer")]})
    room.page.locator("[data-message-id=m5]:not([data-deleted])").wait_for()
    assert told() == ["new", "newer", "mine"]


def test_the_keyboard_goes_on_in_the_log_when_what_it_was_at_is_gone(room: Room) -> None:
    def at_log() -> bool:
        return room.page.locator("[data-chat-log]:focus").count() == 1

    room.open().say("one", "two", "three")
    room.line("two").evaluate("(line) => { line.tabIndex = -1; line.focus(); }")
    room.tell("chat:restored", {"messages": [room.message(2, "two")]})
    await_value(room.page, at_log, bool)
    room.line("one").evaluate("(line) => { line.tabIndex = -1; line.focus(); }")
    room.tell("chat:cleared", {"userId": None, "upTo": 3})
    await_value(room.page, at_log, bool)
    room.tell("chat:message", room.message(4, "after that"))
    room.line("after that").wait_for()  # nothing is held any more by what is not there
    pinned = {"pinned": room.message(4, "after that"), "pinnedBy": ANN}
    room.tell("chat:settings", {"slow": 0, "followersOnly": None} | pinned)
    room.page.get_by_role("button", name="Hide the pinned message").press("Enter")
    assert at_log()


def test_a_long_list_of_who_is_there_stays_when_the_line_breaks(room: Room) -> None:
    def answer(route: Route) -> None:
        if is_away:
            route.abort("internetdisconnected")
        elif route.request.url.endswith("page=1"):
            route.fulfill(json={"total": 2, "data": [{"user": ANN, "role": None}]})
        else:
            route.fulfill(json={"total": 2, "data": [{"user": ME, "role": None}]})

    is_away = True
    room.page.route("**/api/channels/nova-id/chatters?*", answer)
    room.open().page.get_by_role("button", name="Who is in the chat").click()
    people = room.page.locator(".chat-people")
    await_value(room.page, people.inner_text, lambda words: words.startswith("The server can't be reached"))
    room.page.get_by_role("button", name="Close the list").click()
    is_away = False
    room.page.get_by_role("button", name="Who is in the chat").click()
    more = room.page.get_by_role("button", name="Show more (1)")
    more.wait_for()
    is_away = True
    more.press("Enter")
    again = people.get_by_role("button", name="The server can't be reached")
    again.wait_for()
    assert people.locator("li").all_inner_texts() == ["Ann"]
    is_away = False
    again.press("Enter")
    people.get_by_role("button", name="me").wait_for()
    assert people.locator(":focus").inner_text() == "me"


def test_a_tap_opens_the_menu_where_a_click_does_not_say_what_made_it(room: Room) -> None:
    """Safari's clicks are no pointer events."""
    room.open().say("tap me")
    tap = """(line) => {
      line.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, pointerType: POINTER }));
      line.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      return document.querySelector("[data-chat-menu]").matches(":popover-open");
    }"""
    assert not room.line("tap me").evaluate(tap.replace("POINTER", "'mouse'"))
    assert room.line("tap me").evaluate(tap.replace("POINTER", "'touch'"))


def test_a_menu_that_would_offer_nothing_does_not_open(room: Room) -> None:
    room.open(reader=None).say("gone soon")
    room.tell("chat:deleted", {"id": "m1", "seq": 1})
    room.line("Message removed").hover()
    room.page.locator("[data-chat-more]").click()
    assert room.page.locator("[data-chat-menu]:popover-open").count() == 0


def test_a_refused_answer_within_a_conversation_stays_one(room: Room) -> None:
    first = room.message(1, "which song")
    second = room.message(2, "this one", thread="m1", parent=first)
    room.page.route(
        "**/api/messages/m2/thread?*", lambda route: route.fulfill(json={"data": [first, second]})
    )
    room.open()
    room.tell("chat:message", first)
    room.tell("chat:message", second)
    room.line("this one").locator(".reply").click()
    room.page.locator("[data-chat-thread]:visible").wait_for()
    room.write("no, the other")
    nonce = await_value(room.page, room.sent, bool)[0]["nonce"]
    room.tell("chat:error", {"nonce": nonce, "code": "SLOW_MODE", "message": "Slow mode is on."})
    await_value(room.page, room.field.input_value, bool)
    room.field.press("Enter")
    room.write("with the piano")
    sent = await_value(room.page, room.sent, lambda sent: len(sent) == 3)
    assert [message.get("replyTo") for message in sent] == ["m1", "m1", "m1"]


def drawn(seq: int, content: str) -> Any:
    """A message as the template takes it."""
    user = SimpleNamespace(username=ANN["username"], name=ANN["displayName"], color="")
    more = {
        "deleted_at": None,
        "is_struck": False,
        "kind": "message",
        "badges": [],
        "created_at": timezone.now(),
    }
    return SimpleNamespace(pk=f"m{seq}", seq=seq, user=user, user_id=ANN["id"], content=content, **more)


def test_a_line_is_doubted_at_once_when_the_network_was_away(room: Room) -> None:
    """A socket of the network before goes on looking open, and what is written goes nowhere."""
    room.open()
    room.page.evaluate("dispatchEvent(new Event('online'))")
    await_value(room.page, lambda: [frame["type"] for frame in room.heard], lambda types: types == ["ping"])


def test_what_one_left_unsaid_is_not_shown_to_who_signs_in_next(room: Room) -> None:
    room.open().write("on its way")
    room.field.fill("begun")
    room.open(reader=ANN)
    assert room.field.input_value() == "" and room.lines == []
    room.open()
    assert room.field.input_value() == "begun" and room.lines == ["on its way"]


def test_who_is_signed_out_reads_on_and_finds_what_they_were_writing_when_they_are_back(room: Room) -> None:
    room.open().field.fill("half a thought")
    room.page.route(
        "**/api/auth/ws-ticket", lambda route: route.fulfill(status=401, json={"code": "SIGN_IN_NEEDED"})
    )
    room.socket.close(code=4401)
    offer = room.page.locator("[data-chat-signed-out]:visible")
    offer.wait_for()
    assert offer.get_by_role("link", name="sign in").get_attribute("href").startswith("/auth/login?next=")
    assert not room.field.is_visible()
    room.page.locator("[data-chat-state][data-state=open]").wait_for()
    room.say("said to everybody")
    assert room.open().field.input_value() == "half a thought"


def test_another_session_of_the_same_person_goes_on_by_another_ticket(room: Room) -> None:
    room.open().field.fill("half a thought")
    room.socket.close(code=4401)
    room.page.locator("[data-chat-state]:not([data-state=open])").wait_for()
    room.page.locator("[data-chat-state][data-state=open]").wait_for()
    assert room.field.is_visible() and room.field.input_value() == "half a thought"
