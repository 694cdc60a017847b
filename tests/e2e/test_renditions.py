"""The choice of a quality: made in a menu, kept by the browser, and never seen as a stall."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.stack import encoder, reader, running
from tests.stack.people import sign_up
from tests.stack.processes import process_of
from tests.stack.running import Stack
from tests.streams.media.edge import eventually

from .visitor import Visitor, await_value

# How often the picture had to wait for data.
COUNT_WAITS = """() => {
  window.waits = 0;
  document.querySelector("video").onwaiting = () => (window.waits += 1);
}"""


@pytest.fixture(scope="module")
def ladder_stack(browser: Browser) -> Iterator[Stack]:
    """A platform that makes two renditions, whatever the machine is like."""
    with running.embedded(RENDITIONS="160p,audio") as started:
        yield started


def height(visitor: Visitor) -> int:
    return visitor.page.evaluate("document.querySelector('video').videoHeight")


def play_on(visitor: Visitor, *, seconds: float) -> None:
    """Until so much more was played: who has just come is still being put in place."""
    clock = "document.querySelector('video').currentTime"
    before = visitor.page.evaluate(clock)
    await_value(lambda: visitor.page.evaluate(clock), lambda now: now > before + seconds, seconds + 10)


def waits_of_a_change(visitor: Visitor) -> int:
    """To the smaller quality and back to the source: how often the picture stood still meanwhile."""
    visitor.page.evaluate(COUNT_WAITS)
    for label, high in (("160p", 160), ("180p (source)", 180)):
        choose(visitor, label)
        await_value(lambda: height(visitor), lambda shown, high=high: shown == high, 10)
        play_on(visitor, seconds=1)
    return visitor.page.evaluate("window.waits")


def choose(visitor: Visitor, label: str) -> None:
    """Open the menu by its key and pick a quality in it."""
    visitor.page.keyboard.press("q")
    visitor.page.get_by_role("radio", name=label, exact=True).check()
    visitor.page.keyboard.press("Escape")
    assert visitor.page.get_by_role("radiogroup", name="Quality").is_hidden()


def test_a_quality_is_changed_without_a_stall_and_remembered(browser: Browser, ladder_stack: Stack) -> None:
    stack = ladder_stack
    owner = sign_up(stack)
    channel = owner.create_channel()
    visitor = Visitor.open(browser, stack.url)
    with encoder.publishing(owner.publish_url(channel), gop_seconds=1):
        url = reader.playlist_url(stack, reader.await_live(stack, channel))
        eventually(lambda: len(reader.variants(url)) == 3, seconds=40)
        visitor.watch(channel["slug"])
        visitor.await_picture()
        assert height(visitor) == 180
        play_on(visitor, seconds=3)
        # A machine that is busy with other things makes a picture wait, too; not each time.
        assert 0 in [waits_of_a_change(visitor) for _ in range(3)]

        choose(visitor, "160p")
        visitor.page.reload()
        await_value(lambda: height(visitor), lambda high: high == 160, 15)
        visitor.await_picture()

        # What made it dies: the picture goes on with the source.
        victim = process_of(stack, "manage.py transcode")
        assert victim is not None
        play_on(visitor, seconds=3)
        os.kill(victim, signal.SIGKILL)
        await_value(lambda: height(visitor), lambda high: high == 180, 10)
        visitor.await_picture()

        choose_audio_only(visitor, url)
    visitor.context.close()
    assert not visitor.complaints, visitor.complaints


def choose_audio_only(visitor: Visitor, url: str) -> None:
    eventually(lambda: len(reader.variants(url)) == 3, seconds=40)
    choose(visitor, "Audio only")
    await_value(lambda: height(visitor), lambda high: high == 0, 10)
    play_on(visitor, seconds=1)
    choose(visitor, "Auto")
    await_value(lambda: height(visitor), lambda high: high > 0, 10)
