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
            lambda: expect(200, stack.api.get(f"/api/streams/{stream['id']}"))["thumbnailUrl"], bool, 60
        )
        yield channel


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
    await_value(lambda: card.evaluate("(image) => image.complete"), bool, 10)
    assert f"-{width}.webp" in card.evaluate("(image) => image.currentSrc")
    assert card.evaluate("(image) => image.naturalWidth") > 0


def test_a_player_has_a_poster_until_it_plays(
    visit: Callable[..., Visitor], pictured: dict[str, Any]
) -> None:
    visitor = visit()
    visitor.watch(pictured["slug"])
    assert "-640.webp" in (visitor.page.locator("[data-player] video").get_attribute("poster") or "")
    visitor.await_player("playing")
    url = visitor.page.locator("[data-player]").get_attribute("data-storyboard-url")
    still = visitor.page.evaluate(
        """async (url) => {
          const { Storyboard } = await import("/static/js/player/storyboard.js");
          const still = (await Storyboard.load(url)).at(5);
          const image = new Image();
          image.src = still.url;
          await image.decode();
          return [image.naturalWidth >= still.x + still.width, image.naturalHeight === still.height];
        }""",
        url,
    )
    assert still == [True, True]
