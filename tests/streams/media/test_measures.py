"""What the node counts of an encoder: frames by hand on a clock of the test's own, then real encoders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import pytest

from apps.streams.media.flv import Tag
from apps.streams.media.measures import LoopLag, Measures, Sample
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.studio import Studio, frames, headers

FRAME_MS = 40


def read(measures: Measures, now: float) -> Sample:
    return measures.take(
        at=now, now=now, session_id="s", video_bytes=0, audio_bytes=0, last_media=measures._arrived
    )


def pictures(
    arrivals: Iterable[tuple[float, int]], *, gop: int = 25, reorder: int = 0, began: float = 0.0
) -> Measures:
    """Pictures that arrive at these seconds with these timestamps, every `gop`th a keyframe."""
    measures = Measures(began)
    for number, (now, timestamp) in enumerate(arrivals):
        measures.picture(timestamp % 2**32, number % gop == 0, reorder, now)
    return measures


def on_time(seconds: float, *, first: int = 0) -> list[tuple[float, int]]:
    return [(n * FRAME_MS / 1000, first + n * FRAME_MS) for n in range(int(seconds * 1000 / FRAME_MS))]


def test_an_even_encoder_is_never_late_and_has_no_jitter() -> None:
    sample = read(pictures(on_time(5, first=2**32 - 1000)), 5.0)
    assert (sample.pictures, sample.media_ms) == (124, 124 * FRAME_MS)
    assert (sample.keyframe_min_ms, sample.keyframe_max_ms, sample.since_keyframe_ms) == (1000, 1000, 960)
    assert sample.late_max_ms == pytest.approx(0, abs=0.1)
    assert sample.jitter_ms < 0.1
    assert sample.gap_ms in (39, 40)
    assert sample.clock_jumps == 0


def test_each_reading_counts_from_the_one_before() -> None:
    measures = pictures(on_time(2))
    read(measures, 2.0)
    nothing = read(measures, 3.0)
    assert (nothing.pictures, nothing.media_ms, nothing.seconds) == (0, 0, 1.0)
    assert (nothing.keyframe_max_ms, nothing.gap_ms) == (0, 0)
    assert nothing.since_picture_ms == pytest.approx(1040, abs=1)


def test_a_line_that_does_not_keep_up_makes_pictures_later_and_later() -> None:
    arrivals = [(now * 1.5, timestamp) for now, timestamp in on_time(4)]
    sample = read(pictures(arrivals), 6.0)
    assert sample.late_max_ms == pytest.approx(99 * FRAME_MS * 0.5, abs=1)
    assert sample.jitter_ms == pytest.approx(FRAME_MS * 0.5, rel=0.1)


def test_a_pause_of_the_encoder_and_a_pause_of_the_line_are_told_apart() -> None:
    encoder = [*on_time(1), *((now + 2.5, timestamp) for now, timestamp in on_time(1, first=2500))]
    sample = read(pictures(encoder), 4.0)
    assert (sample.gap_ms, sample.gap_step_ms) == (pytest.approx(1540, abs=2), 1540)
    line = [*on_time(1), *((2.5, timestamp) for _, timestamp in on_time(1, first=1000))]
    sample = read(pictures(line), 4.0)
    assert (sample.gap_ms, sample.gap_step_ms) == (pytest.approx(1540, abs=2), FRAME_MS)


@pytest.mark.parametrize(("jump", "jumps"), [(3_600_000, 1), (-60_000, 1), (-100, 0), (1_000, 0)])
def test_a_clock_that_jumps_is_counted_and_makes_nothing_late(jump: int, jumps: int) -> None:
    before, after = on_time(1), [(1 + now, 10**7 + 1000 + jump + t) for now, t in on_time(1)]
    sample = read(pictures([*((now, 10**7 + t) for now, t in before), *after]), 2.0)
    assert sample.clock_jumps == jumps
    if jumps:
        assert sample.late_max_ms == pytest.approx(0, abs=50)


def test_a_long_pause_is_a_gap_and_no_jump() -> None:
    arrivals = [*on_time(1), *((6 + now, 6000 + timestamp) for now, timestamp in on_time(1))]
    sample = read(pictures(arrivals), 7.0)
    assert sample.clock_jumps == 0
    assert sample.gap_ms == pytest.approx(5040, abs=2)
    assert sample.late_max_ms == pytest.approx(0, abs=50)


def test_silence_shows_in_the_bytes_of_sound() -> None:
    measures = Measures(0.0)
    for frame in (b"\x21\x00", b"\x21\x00", b"\x21\x00", b"\x99\x00", b"longer"):
        measures.sound(memoryview(frame))
    sample = read(measures, 1.0)
    assert (sample.sound_frames, sample.sound_alike, sample.sound_max_bytes) == (5, 2, 6)
    assert read(measures, 2.0).sound_frames == 0


def test_a_real_encoder_s_pictures_sound_and_bytes_are_counted(make_flv: FlvMaker) -> None:
    tags, studio = make_flv(seconds=6, gop=45), Studio()
    publisher = studio.connect()
    studio.feed(publisher, tags)
    sample = studio.stream.sample(7)
    assert (sample.width, sample.height, sample.frame_rate, sample.lag_ms) == (320, 180, 30.0, 7)
    assert (sample.pictures, sample.session_id, sample.has_sound) == (179, "session", True)
    assert (sample.keyframe_min_ms, sample.keyframe_max_ms) == (1500, 1500)
    assert sample.reorder_ms >= 66
    assert sample.sound_frames > 270
    assert sample.sound_max_bytes > 100
    assert sample.sound_alike == 0
    assert sample.video_bytes == sum(len(tag.body) for tag in tags if tag.kind == 9)
    assert sample.audio_bytes == sum(len(tag.body) for tag in tags if tag.kind == 8)
    studio.stream.detach()
    assert studio.stream.sample(0).session_id is None


def test_a_muted_microphone_looks_silent(make_flv: FlvMaker) -> None:
    studio = Studio()
    silent = make_flv(seconds=4, sound="-af volume=0 -c:a aac -ar 48000 -ac 2")
    studio.feed(studio.connect(), silent)
    sample = studio.stream.sample(0)
    assert sample.sound_frames > 150
    assert sample.sound_max_bytes < 40
    assert sample.sound_alike > 0.9 * sample.sound_frames


def test_a_new_session_counts_from_zero(make_flv: FlvMaker) -> None:
    tags: list[Tag] = make_flv(seconds=6)
    studio = Studio()
    studio.play(tags)
    publisher = studio.connect()
    studio.feed(publisher, [*headers(tags), *frames(tags)[:30]])
    assert studio.stream.sample(0).pictures < 30


def test_a_blocked_loop_is_noticed() -> None:
    async def block() -> tuple[int, int]:
        lag = LoopLag()
        watching = asyncio.create_task(lag.watch())
        await asyncio.sleep(0.15)
        time.sleep(0.5)
        await asyncio.sleep(0.15)
        watching.cancel()
        return lag.take(), lag.take()

    worst, after = asyncio.run(block())
    assert worst >= 390
    assert after == 0
