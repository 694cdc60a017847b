"""C12: what is sent to a target, message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from apps.streams.media import Egress, RelayLimits
from apps.streams.media.relay import Headers, Relay
from tests.streams.media.relay.forwarding import (
    target,
)
from tests.streams.media.studio import AUDIO, VIDEO, HandClock


class Wire:
    """A connection whose other side takes as much as the test says."""

    is_open = True

    def __init__(self) -> None:
        self.unsent = 0
        self.sent: list[tuple[int, int, bytes]] = []

    def write(self, kind: int, timestamp: int, body: bytes) -> None:
        self.sent.append((kind, timestamp, bytes(body)))

    def write_end(self) -> None:
        pass

    @property
    def frames(self) -> list[tuple[str, int]]:
        """`K`, `p` and `s`: keyframes, other pictures and sound, with their times."""
        names = {(VIDEO, 0x17): "K", (VIDEO, 0x27): "p", (AUDIO, 0xAF): "s"}
        return [(names[kind, body[0]], at) for kind, at, body in self.sent if kind != 18 and body[1] == 1]


KEYFRAME, PICTURE, SOUND = b"\x17\x01\0\0\0x", b"\x27\x01\0\0\0x", b"\xaf\x01x"


@contextmanager
def by_hand() -> Iterator[tuple[Relay, Wire, HandClock]]:
    async def make() -> Relay:
        return Relay(
            target("rtmp://x/y"),
            lambda: Headers({"width": 2.0}, b"avcC", b"asc"),
            Egress(),
            clock=clock,
            limits=RelayLimits(unsent_bytes=1000),
        )

    clock, wire = HandClock(), Wire()
    with asyncio.Runner() as runner:
        relay = runner.run(make())
        relay._publisher = wire  # type: ignore[assignment]
        yield relay, wire, clock
        relay.stop()


def test_a_target_begins_with_headers_and_a_keyframe_at_zero() -> None:
    with by_hand() as (relay, wire, _):
        relay.on_audio(90_000, SOUND)
        relay.on_video(90_010, PICTURE)
        relay.on_video(90_020, KEYFRAME)
        relay.on_audio(90_010, SOUND)
        relay.on_audio(90_030, SOUND)
        relay.on_video(90_053, PICTURE)
    kinds = [(kind, body[:2]) for kind, _, body in wire.sent[:3]]
    assert kinds == [(18, b"\x02\0"), (VIDEO, b"\x17\0"), (AUDIO, b"\xaf\0")]
    assert wire.frames == [("K", 0), ("s", 10), ("p", 33)]


def test_a_slow_target_misses_all_up_to_a_keyframe_that_has_room() -> None:
    with by_hand() as (relay, wire, _):
        relay.on_video(0, KEYFRAME)
        wire.unsent = 1001
        relay.on_video(33, PICTURE)
        relay.on_audio(40, SOUND)
        wire.unsent = 600
        relay.on_video(66, KEYFRAME)
        wire.unsent = 0
        relay.on_video(100, PICTURE)
        relay.on_audio(110, SOUND)
        relay.on_video(133, KEYFRAME)
        relay.on_audio(140, SOUND)
    assert wire.frames == [("K", 0), ("K", 133), ("s", 140)]
    assert relay.dropped == 3


def test_a_targets_clock_goes_on_whatever_the_encoders_does() -> None:
    with by_hand() as (relay, wire, clock):
        relay.on_video(5000, KEYFRAME)
        clock.now += 0.5
        relay.on_video(5500, PICTURE)
        clock.now += 2
        relay.on_encoder()
        relay.on_audio(0, SOUND)
        relay.on_video(10, PICTURE)
        relay.on_video(20, KEYFRAME)
        clock.now += 0.1
        relay.on_video(120, PICTURE)
        clock.now += 0.1
        relay.on_video(9_000_000, PICTURE)
        clock.now += 0.1
        relay.on_video(9_000_100, PICTURE)
    assert [at for _, at in wire.frames] == [0, 500, 2500, 2600, 2700, 2800]


def test_nothing_is_written_to_who_has_hung_up() -> None:
    with by_hand() as (relay, wire, _):
        wire.is_open = False
        relay.on_video(0, KEYFRAME)
        relay.on_audio(10, SOUND)
        assert wire.sent == []
        wire.is_open = True
        relay.on_video(33, KEYFRAME)
        wire.is_open = False
        relay.on_video(66, PICTURE)
    assert wire.frames == [("K", 0)]


def test_timestamps_run_over_without_a_jump() -> None:
    with by_hand() as (relay, wire, _):
        for timestamp in (0xFFFFFFF0, 0xFFFFFFFF, 0x10):
            relay.on_video(timestamp, KEYFRAME)
    assert [at for _, at in wire.frames] == [0, 15, 32]


def test_a_month_of_frames_arrives() -> None:
    days = 60
    with by_hand() as (relay, wire, _):
        relay.on_video(5000, KEYFRAME)
        for at in range(0, days * 24 * 3600 * 1000, 9000):
            relay.on_video((5000 + at) & 0xFFFFFFFF, PICTURE)
    pictures = [at for kind, at in wire.frames if kind == "p"]
    assert len(pictures) == days * 24 * 400
    assert all((later - at) & 0xFFFFFFFF == 9000 for at, later in pairwise(pictures))
