"""G04 in browsers: two channels are live, one raids the other; a viewer is taken along, one stays."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect as shows

from tests.stack import encoder
from tests.stack.people import expect, sign_up
from tests.stack.running import Stack

from .visitor import Visitor

SOON = 60_000


@pytest.mark.both_modes
def test_one_viewer_goes_along_and_one_stays(stack: Stack, visit: Callable[..., Visitor]) -> None:
    nova, orbit = sign_up(stack), sign_up(stack)
    source, target = nova.create_channel(), orbit.create_channel()
    with ExitStack() as encoders:
        for owner, channel in ((nova, source), (orbit, target)):
            encoders.enter_context(encoder.publishing(owner.publish_url(channel)))
        goes, stays, there, desk = visit(), visit(), visit(), visit()
        for viewer, channel in ((goes, source), (stays, source), (there, target)):
            viewer.watch(channel["slug"])
            viewer.await_picture()
            viewer.await_chat()

        desk.sign_in(nova.username)
        desk.page.goto(f"/dashboard/{source['slug']}/raids")
        desk.page.fill("[name=target]", target["slug"])
        desk.page.select_option("[name=seconds]", "30")
        desk.page.get_by_role("button", name="Raid", exact=True).click()
        shows(desk.page.get_by_role("heading", name=f"You raid {target['name']}")).to_be_visible()

        for viewer in (goes, stays):
            banner = viewer.page.locator("[data-raid]")
            shows(banner).to_contain_text(f"{source['name']} raids {target['name']}", timeout=SOON)
            shows(banner).to_contain_text("You go along in")
        stays.page.get_by_role("button", name="Stay here").click()
        desk.page.get_by_role("button", name="Raid now").click()

        goes.page.wait_for_url(f"**/streams/{target['slug']}?raid=*", timeout=SOON)
        shows(goes.page.locator(".raid-came")).to_contain_text(f"You came along with {source['name']}")
        goes.await_picture()
        shows(stays.page.locator("[data-raid]")).to_contain_text("The others are there.")
        assert stays.page.url.endswith(f"/streams/{source['slug']}")
        shows(there.page.locator("[data-chat-log]")).to_contain_text(f"{source['name']} raids with")
    lines = expect(200, orbit.api.get(f"/api/channels/{target['id']}/messages"))["data"]
    assert [line["kind"] for line in lines].count("raid") == 1
