"""C08 in a browser: a creator sees how the stream is doing, and tests an encoder before going live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect as shows

from tests.stack import encoder, reader
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack

from .test_pages import PHONE, barriers
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]
SOON = 30_000


@pytest.fixture
def owner(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture
def channel(owner: Person) -> dict[str, Any]:
    return owner.create_channel()


@pytest.mark.both_modes
def test_the_dashboard_tells_how_the_stream_is_doing(
    stack: Stack, visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    desk = visit()
    desk.sign_in(owner.username)
    desk.page.goto(f"/dashboard/{channel['slug']}")
    panel = desk.page.locator("[data-health-panel]")
    shows(panel.locator("[data-health-none]")).to_be_visible()
    assert not panel.locator("[data-health-body]").is_visible()
    with encoder.publishing(owner.publish_url(channel), gop_seconds=8):
        far = panel.locator(".alert[data-code=KEYFRAMES_FAR]")
        shows(far).to_be_visible(timeout=SOON)
        shows(far).to_contain_text("Set the keyframe interval to 2 s")
        shows(panel.locator("[data-health=resolution]")).to_have_text("320 × 180")
        shows(panel.locator("[data-health=sound]")).to_have_text("Present", timeout=SOON)
        shows(panel.locator("[data-health=codecs]")).to_contain_text("H.264")
        shows(panel.locator(".health-state")).to_contain_text("Viewers may notice")
        assert "Keyframes" in panel.locator("[data-alert-news]").inner_text()
        await_value(lambda: line_of(desk), lambda line: line.count("L") >= 3, 20)
        shows(panel.locator("[data-graph-words]")).to_contain_text("kbps on average")
        desk.page.reload()  # the graph is there at once, with what came before
        await_value(lambda: line_of(desk), lambda line: line.count("L") >= 3, 5)
    shows(panel.locator(".alert[data-code=CONNECTION_LOST]")).to_be_visible(timeout=SOON)
    shows(panel.locator(".health-state")).to_contain_text("Encoder not connected")
    stream = reader.status(stack, channel)["stream"]
    expect(200, owner.api.post(f"/api/streams/{stream['id']}/end"))
    shows(panel.locator("[data-health-none]")).to_be_visible(timeout=SOON)


def line_of(visitor: Visitor) -> str:
    return visitor.page.locator("[data-graph-line]").get_attribute("d") or ""


def test_a_pre_flight_from_the_key_to_the_verdict(
    stack: Stack, visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    desk = visit(**PHONE)
    desk.sign_in(owner.username)
    desk.page.goto(f"/dashboard/{channel['slug']}")
    desk.page.get_by_role("link", name="Test your encoder privately").click()
    desk.page.wait_for_url("**/rehearsal")
    verdict = desk.page.locator("[data-verdict]")
    shows(verdict).to_contain_text("No test yet")
    desk.page.get_by_role("button", name="Show the test key").click()
    key = desk.page.locator("#key").input_value()
    server = desk.page.locator("#rtmp-server").input_value()
    with encoder.publishing(f"{server}/{key}", gop_seconds=8) as camera:
        shows(verdict).to_contain_text("Measuring", timeout=SOON)
        desk.await_picture(seconds=30)
        shows(verdict).to_have_attribute("data-grade", "warning", timeout=60_000)
        keyframes = verdict.locator("[data-topic=keyframes]")
        shows(keyframes).to_contain_text("Set the keyframe interval to 2 s")
        shows(verdict.locator("[data-topic=sound]")).to_have_attribute("data-grade", "good")
        shows(desk.page.locator("[data-health-panel] [data-health=bitrate]")).to_contain_text("kbps")
        assert reader.status(stack, channel) == {"isLive": False}
        encoder.stop(camera)
    # What was found stays, the picture goes.
    await_value(desk.player_state, lambda state: state == "announced", 30)
    shows(verdict).to_have_attribute("data-grade", "warning")
    with encoder.publishing(f"{server}/{key}"):
        shows(verdict).to_have_attribute("data-grade", "measuring", timeout=SOON)
        desk.await_picture(seconds=30)
        await_value(lambda: verdict.get_attribute("data-grade"), lambda grade: grade in ("good", "hint"), 60)
        shows(keyframes.locator("[data-cures] li")).to_have_count(0)
    wide = desk.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


@pytest.mark.both_modes
def test_a_viewer_s_waiting_reaches_the_creator(
    stack: Stack, visit: Visit, owner: Person, channel: dict[str, Any]
) -> None:
    watcher, desk = visit(), visit()
    watcher.expects_outage = desk.expects_outage = True  # a playlist that stands still ends in 503
    with encoder.publishing(owner.publish_url(channel)) as camera:
        reader.await_live(stack, channel)
        watcher.watch(channel["slug"])
        watcher.await_picture()
        desk.sign_in(owner.username)
        desk.page.goto(f"/dashboard/{channel['slug']}")
        camera.send_signal(19)  # SIGSTOP: the picture stands still
        desk.page.wait_for_timeout(6_000)
        camera.send_signal(18)
        waited = desk.page.locator("[data-health=waited]")
        shows(waited).to_have_text("1 of 1", timeout=60_000)


def test_the_test_page_can_be_read_by_everybody(visit: Visit, owner: Person, channel: dict[str, Any]) -> None:
    visitor = visit()
    visitor.sign_in(owner.username)
    assert barriers(visitor, f"/dashboard/{channel['slug']}/rehearsal") == []
