"""The dock in the window of an encoder, where nobody is signed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stack.people import sign_up
from tests.stack.running import Stack

from .test_chat import choose, offered, post
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]


@pytest.mark.both_modes
def test_a_creator_copies_the_address_and_moderates_without_signing_in(stack: Stack, visit: Visit) -> None:
    owner, troll = sign_up(stack), sign_up(stack)
    channel = owner.create_channel()
    post(troll, channel, "noise")
    creator = visit()
    creator.sign_in(owner.username)
    creator.page.goto(f"/dashboard/{channel['slug']}/dock")
    creator.page.get_by_role("button", name="Make an address").click()
    address = creator.page.get_by_label("Your dock's address").input_value()

    asked: list[str] = []
    encoder = visit(width=400, height=700)
    encoder.page.on(
        "request", lambda request: asked.append(request.url + str(request.headers.get("referer")))
    )
    encoder.page.goto(address)
    encoder.await_chat()
    encoder.await_line("noise")
    secret = address.partition("#")[2]
    assert not any(secret in request.partition("#")[0] for request in asked)
    assert "Reply" not in offered(encoder, "noise")
    encoder.page.keyboard.press("Escape")
    choose(encoder, "noise", "Time out")
    encoder.page.locator("dialog[open]").get_by_role("button", name="Time out", exact=True).click()
    note = encoder.page.locator("[data-chat-log] .event")
    await_value(note.count, lambda count: count == 1)
    assert f"{troll.username} can't write for 10 min." in note.inner_text()
    refused = troll.api.post(f"/api/channels/{channel['id']}/messages", json={"content": "more"})
    assert refused.json()["code"] == "TIMED_OUT"

    creator.page.goto(f"/dashboard/{channel['slug']}/dock")
    creator.page.get_by_role("button", name="Remove the dock").click()
    creator.page.get_by_text("You have no dock here yet").wait_for()
    encoder.page.reload()
    encoder.page.get_by_text("This address was renewed or removed").wait_for()
