"""The pages of a channel's crew: what they are told by a socket, and what they ask for themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute

from . import await_value, chat_markup, run


class Crew:
    """A page whose dashboard's socket is played by the test."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.route("**/api/auth/ws-ticket", lambda route: route.fulfill(json={"ticket": "another"}))
        page.route_web_socket(re.compile("/ws/dashboard/nova"), self._opened)

    def _opened(self, socket: WebSocketRoute) -> None:
        self.socket = socket

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        self.socket.send(json.dumps({"type": kind, "payload": payload}))


@pytest.fixture
def crew(module_page: Page) -> Iterator[Crew]:
    home = module_page.url
    module_page.goto(home)
    yield Crew(module_page)
    # The page goes first: one whose question breaks off would lead somewhere else by itself.
    module_page.goto(home)
    module_page.unroute_all()


# simulcast.js


TARGETS = """
    <main data-simulcast data-channel-slug="nova" data-ticket="ticket">
    <p data-target="one" data-state="live"><b data-target-state>Live</b><i data-target-reason></i>
    <i data-target-next data-at=""></i></p></main>
"""


def test_how_forwarding_goes_is_asked_for_whenever_the_socket_opens(crew: Crew) -> None:
    """Its frames tell changes alone, and only to who listens."""
    target = {"id": "one", "state": "failed", "reason": "It was refused.", "nextAttemptAt": None}
    asked: list[Route] = []
    crew.page.route("**/api/channels/nova/simulcast-targets", lambda route: asked.append(route))
    crew.page.set_content(TARGETS)
    run(crew.page, "simulcast.js", "")
    await_value(crew.page, lambda: len(asked), lambda count: count == 1)
    asked[0].fulfill(json=[target])
    crew.page.get_by_text("It was refused.").wait_for()
    crew.socket.close(code=1012)
    await_value(crew.page, lambda: len(asked), lambda count: count == 2)
    crew.tell("stream:simulcast", {"targetId": "one", "state": "live", "reason": "", "nextAttemptAt": None})
    crew.page.get_by_text("Live", exact=True).wait_for()
    with crew.page.expect_response("**/simulcast-targets"):
        asked[1].fulfill(json=[target])
    assert crew.page.locator("[data-target-state]").inner_text() == "Live", "a frame is newer than the answer"


# moderation/desk.js


DESK = """
    <nav id="desk-tabs"><a href="/desk/nova">Waiting</a></nav><section id="desk-panel" tabindex="-1">
    <a data-desk-link href="/desk/nova/log">Log</a><a data-desk-link href="/desk/nova/banned">Banned</a>
    {panel}</section>
"""


def test_the_last_page_that_a_moderator_wished_to_see_is_shown(crew: Crew) -> None:
    """Whatever others do meanwhile, and although an earlier wish was on its way."""
    page = crew.page
    held: list[Route] = []
    page.route("**/desk/nova/*", lambda route: held.append(route))
    page.route_web_socket(re.compile("/ws/channels/nova"), lambda socket: None)
    page.clock.install()
    frame = '<main data-desk data-channel-slug="nova" data-ticket="ticket"><p data-desk-status></p>'
    page.set_content(f"{frame}{DESK.format(panel='')}{chat_markup()}</main>")
    run(page, "moderation/desk.js", "")
    for name in ("Log", "Banned"):
        page.get_by_role("link", name=name).click()
    await_value(page, lambda: len(held), lambda count: count == 2)
    with page.expect_response("**/desk/nova/log"):
        held[0].fulfill(content_type="text/html", body=DESK.format(panel="<p>What was done</p>"))
    crew.tell("moderation:report", {})
    page.clock.run_for(2_000)
    held[1].fulfill(content_type="text/html", body=DESK.format(panel="<p>Who is kept out</p>"))
    page.get_by_text("Who is kept out").wait_for()
