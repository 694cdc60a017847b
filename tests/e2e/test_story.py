"""The product's spine, told through two browsers and an encoder: from sign-up to the end of a broadcast."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

from tests.load import clock_source
from tests.stack.people import unique
from tests.stack.running import Stack

from .visitor import Visitor, await_value

AWAY_SECONDS = 10


@pytest.mark.both_modes
def test_from_sign_up_to_the_end_of_a_broadcast(stack: Stack, visit: Callable[..., Visitor]) -> None:
    creator, guest = visit(), visit()
    slug = f"night-{unique()}"
    creator.sign_up()
    creator.onboard("Nova Kade")
    creator.create_first_channel(f"Night shift {slug}", slug)
    server, key = creator.read_encoder_settings(slug)

    # The guest is there before anything is on, and signs up to be able to talk.
    guest.sign_up()
    guest.watch(slug)
    guest.await_chat()
    assert guest.player_state() in ("idle", "offline")

    camera = clock_source.publish(f"{server}/{key}")
    try:
        for visitor in (guest, creator):
            visitor.await_picture()
        broadcast_id = guest.stream_id()
        assert guest.page.locator("[data-ring] .avatar.on").count() == 1
        guest.read_clock()
        delays = guest.await_clock(frames=60)
        assert statistics.median(delays) < 2.0, "the picture is not live"

        # Both talk, both hear.
        creator.await_chat()
        creator.say("Welcome in")
        guest.await_line("Welcome in")

        # The encoder drops: both go on talking, and it comes back in time.
        camera.kill()
        gone_at = time.monotonic()
        guest.say("Are you still there?")
        creator.await_line("Are you still there?")
        assert creator.lines() == guest.lines() == ["Welcome in", "Are you still there?"]
        assert creator.numbers() == guest.numbers() == [1, 2]
        guest.await_player("reconnecting")
        await_value(creator.status, lambda words: words == "RECONNECTING")
        time.sleep(max(0, AWAY_SECONDS - (time.monotonic() - gone_at)))
    finally:
        camera.kill()
    camera = clock_source.publish(f"{server}/{key}")
    try:
        for visitor in (guest, creator):
            visitor.await_picture()
        assert guest.stream_id() == broadcast_id, "a new broadcast was opened instead of going on"
        await_value(creator.status, lambda words: words == "LIVE")
        guest.read_clock()
        assert statistics.median(guest.await_clock(frames=30)) < 2.5

        # The creator ends it from the page: the encoder is cut, everybody sees it.
        creator.end_stream()
        guest.await_player("ended", seconds=10)
        assert guest.page.locator("[data-ring] .avatar.on").count() == 0
        camera.wait(timeout=10)
    finally:
        camera.kill()
    guest.say("Good night")
    creator.await_line("Good night")
