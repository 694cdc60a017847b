"""C09 in a browser: the card on home shows what is on, the player its poster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.stack import encoder, reader
from tests.stack.people import expect, sign_up
from tests.stack.running import Stack

from .visitor import Visitor, await_value


@pytest.fixture(scope="module")
def pictured(stack: Stack) -> Iterator[dict[str, Any]]:
    """A channel on air that has its thumbnail."""
    streamer = sign_up(stack)
    channel = streamer.create_channel()
    with encoder.publishing(streamer.publish_url(channel), size="640x360"):
        stream = reader.await_live(stack, channel)
        await_value(
            lambda: expect(200, stack.api.get(f"/api/streams/{stream['id']}"))["thumbnailUrl"], bool, 90
        )
        yield channel


@pytest.mark.both_modes
@pytest.mark.parametrize(
    ("window", "width"), [({}, 320), ({"width": 390, "device_scale_factor": 2}, 640)], ids=["desk", "phone"]
)
def test_a_card_shows_what_is_on_in_the_size_it_needs(
    visit: Callable[..., Visitor], pictured: dict[str, Any], window: dict[str, Any], width: int
) -> None:
    visitor = visit(**window)
    visitor.page.goto("/")
    card = visitor.page.locator(".stream-card", has_text=pictured["name"]).locator(".thumb img")
    card.scroll_into_view_if_needed()
    await_value(lambda: card.evaluate("(image) => image.complete"), bool)
    shown = card.evaluate("(image) => image.currentSrc")
    # A browser that has the large one already, as the poster of the hero above, may take that.
    posters = visitor.page.eval_on_selector_all("video", "(videos) => videos.map((video) => video.poster)")
    assert f"-{width}.webp" in shown or shown in posters
    assert card.evaluate("(image) => image.naturalWidth") > 0


def test_a_player_has_a_poster_until_it_plays(
    visit: Callable[..., Visitor], pictured: dict[str, Any]
) -> None:
    visitor = visit()
    visitor.watch(pictured["slug"])
    assert "-640.webp" in (visitor.page.locator("[data-player] video").get_attribute("poster") or "")
    visitor.await_player("playing")


def test_what_plays_comes_after_what_is_seen_first(
    visit: Callable[..., Visitor], pictured: dict[str, Any]
) -> None:
    each = "performance.getEntries().map((entry) => [entry.name.split('/').pop(), entry.startTime])"

    def comes_late() -> bool:
        visitor = visit()
        visitor.watch(pictured["slug"])
        visitor.await_player("playing")
        begun = visitor.page.evaluate(f"Object.fromEntries({each})")
        late = {name for name, at in begun.items() if at >= begun["first-paint"]}
        return {"hls.light.mjs", "watch.js", "player.js", "room.js"} <= late

    # A busy machine shows a frame long after the page has made it: what waited for that has begun by then.
    assert any(comes_late() for _ in range(3))


def test_who_points_at_the_seek_bar_sees_what_was_there(
    visit: Callable[..., Visitor], pictured: dict[str, Any]
) -> None:
    visitor = visit()
    visitor.watch(pictured["slug"])
    visitor.await_player("playing")
    bar = visitor.page.locator("[data-seek]")
    still = visitor.page.locator("[data-seek-tip] .seek-still")

    def point() -> int:
        bar.hover(position={"x": 30, "y": 10})
        bar.hover(position={"x": 34, "y": 10})
        return still.count()

    await_value(point, bool)
    shows = """async (still) => {
      const image = new Image();
      image.src = still.style.backgroundImage.slice(5, -2);
      await image.decode();
      return [image.naturalWidth > 0, still.getBoundingClientRect().width];
    }"""
    assert still.evaluate(shows) == [True, 160]
