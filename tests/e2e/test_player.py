"""The player on a running broadcast: close to the camera, in the viewer's hand, and back by itself."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Response, Route, WebSocketRoute

from tests.load import clock_source
from tests.stack.people import Person, sign_up
from tests.stack.running import Stack

from .conftest import serving
from .visitor import Visitor, await_value

Visit = Callable[..., Visitor]


@contextlib.contextmanager
def camera(owner: Person, channel: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """An encoder with a clock in its picture, publishing while the block runs."""
    encoder = clock_source.publish(owner.publish_url(channel))
    try:
        yield encoder
    finally:
        encoder.kill()
        encoder.wait()


def await_live(owner: Person, channel: dict[str, Any]) -> None:
    status = f"/api/stream/status?channel={channel['slug']}"
    await_value(lambda: owner.api.get(status).json()["isLive"], bool)


@pytest.fixture(scope="module")
def live(stack: Stack) -> Iterator[str]:
    """The address of a channel that is on air while this file's tests run."""
    owner = sign_up(stack)
    channel = owner.create_channel()
    with camera(owner, channel):
        await_live(owner, channel)
        yield channel["slug"]


@pytest.mark.both_modes
def test_a_page_that_waits_shows_the_first_frame_as_the_stream_starts(stack: Stack, visit: Visit) -> None:
    owner = sign_up(stack)
    channel = owner.create_channel()
    visitor = visit()
    visitor.watch(channel["slug"])
    visitor.await_chat()
    visitor.read_clock()
    with camera(owner, channel):
        visitor.await_clock(frames=30)
        first = visitor.clock_delays()[0]
    # How old the first frame on the screen is: the time from the camera's first picture to the viewer's.
    assert first < 2.5, f"the first frame came {first:.2f} s after it was taken"


@pytest.mark.both_modes
def test_a_page_made_just_before_the_start_misses_nothing(stack: Stack, visit: Visit) -> None:
    owner = sign_up(stack)
    channel = owner.create_channel()
    visitor = visit()
    held: list[Route] = []
    visitor.page.route("**/js/watch*.js", lambda route: held.append(route))
    visitor.page.goto(f"/streams/{channel['slug']}", wait_until="commit")
    with camera(owner, channel):
        await_live(owner, channel)
        await_value(lambda: visitor.page.evaluate("document.readyState") and held, bool)
        held[0].continue_()  # only now does the page begin to listen
        visitor.await_picture()


def test_an_answer_from_before_the_start_ends_nothing(stack: Stack, visit: Visit) -> None:
    """The page asks what is on, hears that it has begun, and only then gets the answer: nothing."""
    owner = sign_up(stack)
    channel = owner.create_channel()
    visitor = visit()
    late: list[tuple[Route, Any]] = []
    visitor.page.route("**/api/stream/status?*", lambda route: late.append((route, route.fetch())), times=1)
    visitor.watch(channel["slug"])
    await_value(lambda: visitor.page.evaluate("document.readyState") and late, bool)
    with camera(owner, channel):
        visitor.await_picture()
        route, answer = late[0]
        assert answer.json() == {"isLive": False}
        route.fulfill(response=answer)
        visitor.await_picture()
        assert visitor.player_state() == "playing"


def test_what_begins_between_the_opening_of_the_socket_and_its_greeting_is_seen(
    stack: Stack, visit: Visit
) -> None:
    owner = sign_up(stack)
    channel = owner.create_channel()
    visitor = visit()
    sockets: list[WebSocketRoute] = []

    def open_alone(socket: WebSocketRoute) -> None:
        """Open for the page, with nobody behind it yet."""
        sockets.append(socket)

    visitor.page.route_web_socket("**/ws/channels/**", open_alone)
    visitor.page.goto(f"/streams/{channel['slug']}", wait_until="commit")
    await_value(lambda: visitor.page.evaluate("document.readyState") and sockets, bool)
    with camera(owner, channel):
        await_live(owner, channel)
        sockets[0].connect_to_server()
        visitor.await_picture()


@pytest.mark.both_modes
def test_a_late_joiner_is_close_to_the_camera(visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.watch(live)
    visitor.await_picture()
    visitor.read_clock()
    delays = visitor.await_clock(frames=90)
    assert statistics.median(delays) < 2.0
    shown = visitor.page.locator("[data-delay]").inner_text()
    assert shown.endswith(" s behind")
    assert abs(float(shown.split()[0]) - delays[-1]) < 1.0, f"the page says {shown}, the picture {delays[-1]}"


def test_pause_means_pause_and_live_means_live(visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.watch(live)
    visitor.await_picture()
    video = visitor.page.locator("video")
    visitor.page.locator("[data-action=play]").click()
    visitor.await_player("paused")
    stood = video.evaluate("(video) => video.currentTime")
    # Long enough that whatever pulls a viewer to the edge would have pulled this one, too.
    await_value(lambda: video.evaluate("(video) => video.buffered.end(0)"), lambda end: end > stood + 5)
    assert video.evaluate("(video) => video.currentTime") == stood

    visitor.page.locator("[data-action=play]").click()
    visitor.await_picture()
    visitor.read_clock()
    assert min(visitor.await_clock(frames=15)) > 4, "playing on jumped to the edge unasked"
    assert visitor.page.locator("[data-action=live][data-behind]").is_visible()

    visitor.page.locator("[data-action=live]").click()
    await_value(visitor.clock_delays, lambda delays: delays[-1] < 2.0)
    assert visitor.page.locator("[data-action=live][data-behind]").count() == 0


def test_keys_do_what_the_buttons_say(visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.watch(live)
    visitor.await_picture()
    video, keyboard = visitor.page.locator("video"), visitor.page.keyboard

    keyboard.press("k")
    visitor.await_player("paused")
    keyboard.press(" ")
    visitor.await_player("playing")
    visitor.page.locator("[data-volume]").focus()
    keyboard.press("k")
    visitor.await_player("paused")
    keyboard.press("k")
    visitor.await_player("playing")
    muted = video.evaluate("(video) => video.muted")
    keyboard.press("m")
    assert video.evaluate("(video) => video.muted") is not muted
    keyboard.press("t")
    assert visitor.page.locator("body.theatre").count() == 1
    keyboard.press("t")
    keyboard.press("f")
    await_value(lambda: visitor.page.evaluate("document.fullscreenElement !== null"), bool)
    keyboard.press("f")
    await_value(lambda: visitor.page.evaluate("document.fullscreenElement === null"), bool)


def test_arrows_go_back_in_the_window_and_to_the_edge_again(visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.watch(live)
    visitor.await_picture()
    past = "(video) => video.currentTime - video.buffered.start(0)"
    await_value(lambda: visitor.page.locator("video").evaluate(past), lambda held: held > 6)
    visitor.read_clock()
    visitor.page.locator("[data-action=play]").focus()
    visitor.page.keyboard.press("ArrowLeft")
    await_value(visitor.clock_delays, lambda delays: bool(delays) and delays[-1] > 4)
    visitor.page.keyboard.press("ArrowRight")
    await_value(visitor.clock_delays, lambda delays: delays[-1] < 2.0)


def test_typing_in_the_chat_moves_no_control(stack: Stack, visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.sign_in(sign_up(stack).username)
    visitor.watch(live)
    visitor.await_picture()
    visitor.page.locator("[data-chat-form] textarea").press_sequentially("talk me to film")
    assert visitor.player_state() == "playing"
    assert visitor.page.locator("body.theatre").count() == 0
    assert visitor.page.locator("[data-chat-form] textarea").input_value() == "talk me to film"


def test_volume_is_remembered(visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.watch(live)
    visitor.await_picture()
    unmute = visitor.page.locator("[data-action=unmute]")
    unmute.click()
    unmute.wait_for(state="hidden")
    visitor.page.locator("[data-volume]").fill("0.3")
    visitor.page.reload()
    visitor.await_picture()
    state = visitor.page.locator("video").evaluate("(video) => [video.muted, video.volume]")
    assert state == [False, 0.3]


@pytest.mark.both_modes
def test_a_lost_network_is_survived(visit: Visit, live: str) -> None:
    visitor = visit()
    visitor.expects_outage = True
    visitor.watch(live)
    visitor.await_picture()
    visitor.context.set_offline(True)
    visitor.await_player("buffering", "reconnecting")
    visitor.context.set_offline(False)
    visitor.await_player("playing")
    visitor.await_picture()
    visitor.read_clock()
    await_value(visitor.clock_delays, lambda delays: bool(delays) and delays[-1] < 2.5)


def test_the_embedded_player_plays_alone(visit: Visit, live: str) -> None:
    visitor = visit(width=640, height=360)
    visitor.page.goto(f"/embed/{live}")
    visitor.await_picture()
    assert visitor.page.locator("[data-chat]").count() == 0


def test_an_embedded_player_below_what_is_seen_gets_ready_too(
    visit: Visit, live: str, tmp_path: Path
) -> None:
    """A browser paints no frame of another site that is out of sight."""
    visitor = visit()
    html = f'<div style="height: 6000px"></div><iframe src="{visitor.url}/embed/{live}"></iframe>'
    (tmp_path / "page.html").write_text(html)
    with serving(tmp_path) as site:
        visitor.page.goto(f"{site.replace('127.0.0.1', 'localhost')}/page.html")
        player = visitor.page.frame_locator("iframe").locator("[data-player]")
        await_value(lambda: player.get_attribute("data-state"), lambda state: state not in (None, "idle"), 20)


@pytest.mark.both_modes
def test_playing_outlives_the_grant_it_began_with(fragile_stack: Stack, guest: Visitor) -> None:
    owner = sign_up(fragile_stack)
    channel = owner.create_channel()
    refused: list[str] = []

    def note(answer: Response) -> None:
        if answer.status == 403:
            refused.append(answer.url)

    guest.page.on("response", note)
    with camera(owner, channel):
        guest.watch(channel["slug"])
        guest.await_picture()
        guest.read_clock()
        began = time.monotonic()
        # More than a whole life of a grant, and half of it is when it is renewed: none may stop the picture.
        await_value(lambda: time.monotonic() - began, lambda passed: passed > 13, 30)
        # Whom a busy machine has left behind is soon close again.
        await_value(lambda: statistics.median(guest.await_clock(frames=30)), lambda delay: delay < 2.0, 30)
        assert guest.page.evaluate("window.pictureClock.waits") < 2, "one may be this machine's"
    assert not refused


@pytest.mark.both_modes
def test_after_a_restart_of_the_server_the_picture_comes_back(fragile_stack: Stack, guest: Visitor) -> None:
    owner = sign_up(fragile_stack)
    channel = owner.create_channel()
    guest.expects_outage = True
    with camera(owner, channel):
        guest.watch(channel["slug"])
        guest.await_picture()
        broadcast_id = guest.stream_id()
        fragile_stack.kill("ingest")
        guest.await_player("reconnecting")
    fragile_stack.restart("ingest")
    with camera(owner, channel):
        guest.await_player("playing")
        guest.await_picture()
        assert guest.stream_id() == broadcast_id
        guest.read_clock()
        await_value(guest.clock_delays, lambda delays: bool(delays) and delays[-1] < 2.5)
