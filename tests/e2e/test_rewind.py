"""Going back in a broadcast that has been on air for a while, and to now again, on a desk and on a phone."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Route

from tests.stack.earlier import record_earlier
from tests.stack.people import expect, sign_up
from tests.stack.running import Stack

from .test_player import await_live, camera
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]
DESK: dict[str, Any] = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
BACK = 20 * 60
STARTED_AT = """async () => {
    const [slug] = location.pathname.split("/").slice(-1);
    const answer = await (await fetch(`/api/stream/status?channel=${slug}`)).json();
    return Date.parse(answer.stream.startedAt) / 1000;
}"""


@pytest.fixture(scope="module")
def live(stack: Stack) -> Iterator[str]:
    """The address of a channel that went on air 25 minutes ago."""
    owner = sign_up(stack)
    channel = owner.create_channel()
    announced = expect(
        201, owner.api.post("/api/streams", json={"channelId": channel["id"], "title": "Long"})
    )
    record_earlier(stack, announced["id"], minutes=25)
    with camera(owner, channel):
        await_live(owner, channel)
        yield channel["slug"]


def arrive(visitor: Visitor, slug: str) -> None:
    """Watch at the live edge, the clock in the picture being read."""
    visitor.watch(slug)
    visitor.await_picture()
    visitor.read_clock()
    await_value(visitor.clock_delays, lambda delays: bool(delays) and delays[-1] < 2.5, 15)


def seek_bar(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("slider", name="Position in the broadcast")


def seek_back(visitor: Visitor, seconds: float) -> None:
    """Point at the place on the bar that is so far back, with a mouse or a finger."""
    bar = seek_bar(visitor)
    box = bar.bounding_box()
    assert box is not None
    length = -float(bar.get_attribute("aria-valuemin") or "0")
    x, y = box["x"] + box["width"] * (1 - seconds / length), box["y"] + box["height"] / 2
    if visitor.page.evaluate("matchMedia('(pointer: coarse)').matches"):
        visitor.page.locator("video").tap(
            position={"x": 180, "y": 40}
        )  # the first touch only wakes the controls
        visitor.page.touchscreen.tap(x, y)
    else:
        visitor.page.mouse.click(x, y)


def await_delay(visitor: Visitor, seconds: float, *, within: float, patience: float = 15) -> None:
    """Wait until the picture on the screen is so old."""
    await_value(
        visitor.clock_delays, lambda delays: bool(delays) and abs(delays[-1] - seconds) < within, patience
    )


def go_live(visitor: Visitor) -> float:
    """Press the button; how long it took until the picture was that of now."""
    began = time.monotonic()
    visitor.page.locator("[data-action=live]").click()
    await_value(visitor.clock_delays, lambda delays: delays[-1] < 2.5, 10)
    return time.monotonic() - began


@pytest.mark.both_modes
@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_twenty_minutes_back_and_to_now_again(visit: Visit, live: str, screen: dict[str, Any]) -> None:
    visitor = visit(**screen)
    arrive(visitor, live)
    assert seek_bar(visitor).get_attribute("aria-valuetext") == "Live"

    seek_back(visitor, BACK)
    # A pixel of the bar is some seconds wide.
    await_delay(visitor, BACK, within=15)
    visitor.await_picture()
    told = seek_bar(visitor).get_attribute("aria-valuetext") or ""
    assert re.fullmatch(r"(19|20) minutes( \d+ seconds?)? behind", told), told
    assert visitor.page.locator("[data-action=live][data-behind]").is_visible()
    shown = visitor.page.locator("[data-delay]")
    await_value(shown.inner_text, lambda text: bool(re.fullmatch(r"-(19|20):\d\d", text)), 5)

    assert go_live(visitor) < 3
    await_value(lambda: seek_bar(visitor).get_attribute("aria-valuetext"), lambda text: text == "Live", 5)
    assert visitor.page.locator("[data-action=live][data-behind]").count() == 0
    time_there = len(visitor.clock_delays())
    visitor.await_clock(frames=30)
    assert statistics.median(visitor.clock_delays()[time_there:]) < 2.0


def test_pause_holds_the_second_also_far_back(visit: Visit, live: str) -> None:
    visitor = visit()
    arrive(visitor, live)
    seek_back(visitor, BACK)
    await_delay(visitor, BACK, within=15)
    visitor.page.keyboard.press("k")
    visitor.await_player("paused")
    video = visitor.page.locator("video")
    stood = video.evaluate("(video) => video.currentTime")
    before = visitor.clock_delays()[-1]
    began = time.monotonic()
    await_value(lambda: time.monotonic() - began, lambda passed: passed > 6, 10)
    assert video.evaluate("(video) => video.currentTime") == stood
    visitor.page.keyboard.press("k")
    visitor.await_player("playing")
    visitor.await_clock(frames=2)
    assert 5 < visitor.clock_delays()[-1] - before < 12, "it goes on with the second at which it stood"
    assert go_live(visitor) < 3


def test_keys_go_far_and_near(visit: Visit, live: str) -> None:
    visitor = visit()
    arrive(visitor, live)
    keyboard = visitor.page.keyboard
    seek_bar(visitor).focus()
    on_air = time.time() - visitor.page.evaluate(STARTED_AT)
    keyboard.press("Home")
    await_delay(visitor, 25 * 60 + on_air, within=30)
    oldest = visitor.clock_delays()[-1]
    for key, step in (("l", 10), ("ArrowRight", 5), ("j", -10), ("ArrowLeft", -5), ("l", 10)):
        visitor.await_clock(frames=1)
        at = visitor.clock_delays()[-1]
        keyboard.press(key)
        # The pictures of then are half a second apart.
        await_delay(visitor, at - step, within=2.5)
    assert visitor.clock_delays()[-1] < oldest
    keyboard.press("End")
    await_value(visitor.clock_delays, lambda delays: delays[-1] < 2.5, 10)


def test_the_bar_says_where_it_would_lead(visit: Visit, live: str) -> None:
    visitor = visit()
    arrive(visitor, live)
    box = seek_bar(visitor).bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    tip = visitor.page.locator("[data-seek-tip]")
    assert re.fullmatch(r"-1[23]:\d\d", tip.inner_text())
    visitor.page.mouse.move(box["x"] + box["width"] - 0.5, box["y"] + box["height"] / 2)
    assert re.fullmatch(r"Live|-0:0\d", tip.inner_text())
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2, steps=4)
    assert visitor.clock_delays()[-1] < 2.5, "nothing moves before the mouse is let go"
    visitor.page.mouse.up()
    await_delay(visitor, 20 * 60, within=60)


def test_who_went_back_comes_back_there_after_the_network_was_away(visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.expects_outage = True
    arrive(visitor, live)
    seek_back(visitor, BACK)
    await_delay(visitor, BACK, within=15)
    visitor.context.set_offline(True)
    visitor.await_player("buffering", "reconnecting", seconds=60)
    visitor.context.set_offline(False)
    visitor.await_player("playing", seconds=20)
    visitor.await_clock(frames=4)
    assert 19 * 60 < visitor.clock_delays()[-1] < 22 * 60


def test_a_slow_network_takes_nobody_back_to_now(visit: Visit, live: str) -> None:
    """What was watched before the seek lies in the buffer, far ahead of what is being fetched."""
    visitor = visit()
    arrive(visitor, live)
    held: list[str] = []

    def hold(route: Route) -> None:
        held.append(route.request.url)
        visitor.page.wait_for_timeout(2_500)  # longer than a hole in the buffer is looked at
        route.continue_()

    visitor.page.route(re.compile(r"/live/.*/earlier-\d+\.m4s"), hold, times=1)
    seek_back(visitor, BACK)
    await_delay(visitor, BACK, within=30)
    assert held


@pytest.mark.both_modes
def test_who_went_back_plays_on_over_a_restart(visit: Visit, live: str) -> None:
    """Five numbers were under way when the other node died: nobody has their bytes."""
    visitor = visit()
    arrive(visitor, live)
    video = visitor.page.locator("video")
    # Slow pictures before the restart, two a second; then a camera.
    on_air = (time.time() - visitor.page.evaluate(STARTED_AT)) + 12
    seek_back(visitor, on_air)
    await_delay(visitor, on_air, within=30)
    stood = video.evaluate("(video) => video.currentTime")
    slow = visitor.frames_shown()
    visitor.await_clock(frames=3)
    assert visitor.frames_shown() - slow < 40
    visitor.await_clock(frames=90, seconds=40)
    assert video.evaluate("(video) => video.currentTime") - stood < 45
    assert visitor.clock_delays()[-1] > 5, "it played on, and did not jump to now"


def test_one_lost_segment_costs_who_went_back_no_more_than_itself(visit: Visit, live: str) -> None:
    """It is lost far ahead of the picture: what is buffered before it is seen first."""
    visitor = visit()
    visitor.expects_outage = True
    asked: list[str] = []

    def lose_the_fourth(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name not in asked:
            asked.append(name)
        if asked.index(name) == 3:
            route.fulfill(status=404)
        else:
            route.continue_()

    arrive(visitor, live)
    visitor.page.route(re.compile(r"/live/.*/earlier-\d+\.m4s"), lose_the_fourth)
    seek_back(visitor, BACK)
    await_delay(visitor, BACK, within=15)
    # Requests are let through while the browser is asked for something.
    await_value(lambda: visitor.clock_delays() and len(asked), lambda count: count > 4, 20)
    video = visitor.page.locator("video")
    video.evaluate(
        """(video) => {
          window.jumps = [];
          let before = video.currentTime;
          setInterval(() => {
            if (Math.abs(video.currentTime - before) > 0.7) window.jumps.push([before, video.currentTime]);
            before = video.currentTime;
          }, 100);
        }"""
    )
    [jump] = await_value(lambda: visitor.page.evaluate("window.jumps"), bool, 30)
    assert jump[1] - jump[0] < 3, "only what is lost is stepped over"
    stood = video.evaluate("(video) => video.currentTime")
    await_value(lambda: video.evaluate("(video) => video.currentTime") - stood, lambda passed: passed > 3, 10)
    assert visitor.clock_delays()[-1] > BACK / 2


def test_the_figures_behind_the_picture(visit: Visit, live: str) -> None:
    visitor = visit()
    arrive(visitor, live)
    panel = visitor.page.locator("[data-stats]")
    assert panel.is_hidden()
    visitor.page.keyboard.press("i")
    figures = {name: panel.locator(f"[data-stat={name}]") for name in ("delay", "buffer", "bitrate", "parts")}
    await_value(lambda: figures["parts"].inner_text(), lambda text: text.endswith("0"), 30)
    assert 0 < float(figures["delay"].inner_text().split()[0]) < 2.5
    assert 0 < float(figures["buffer"].inner_text().split()[0]) < 3
    assert 100 < float(figures["bitrate"].inner_text().split()[0].replace(",", "")) < 2500
    assert panel.locator("[data-stat=resolution]").inner_text() == "640 × 360"
    assert re.fullmatch(r"\d+ of [\d,]+", panel.locator("[data-stat=dropped]").inner_text())
    assert re.fullmatch(
        r"\d+ % of 100", await_value(figures["parts"].inner_text, lambda t: "of 100" in t, 40)
    )
    visitor.page.get_by_role("button", name="Hide statistics").click()
    await_value(panel.is_hidden, bool)
