"""Whatever the timestamps of an encoder do, the stream's own time runs forward, at the speed of the clock on
the wall, without a hole, and sound comes back to the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import hypothesis
import pytest
from hypothesis import strategies as st

from apps.streams.media.flv import Tag
from apps.streams.media.fmp4 import TICKS_PER_MS
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.studio import AUDIO, VIDEO, Studio, boxes, frames, headers, runs

SECONDS = 14
FRAME_MS = 1000 / 30
SOUND_MS = 1024 / 48


@dataclass(frozen=True)
class Deed:
    """What an encoder does wrong from `at` ms on, for `frames` frames (0: from then on)."""

    at: int
    tracks: tuple[int, ...]
    by: int
    frames: int = 0

    def applies(self, kind: int, at: float) -> bool:
        length = self.frames * (FRAME_MS if kind == VIDEO else SOUND_MS)
        return kind in self.tracks and at >= self.at and (not self.frames or at < self.at + length)


# From 2 s on forwards it is believed to be a jump, and not a picture that stood for so long.
FAR = st.integers(-(1 << 31), 1 << 31).filter(lambda by: abs(by) > 2100)
MOMENTS = st.sampled_from(range(500, 6_501, 1000))
TRACKS = st.sampled_from([(VIDEO, AUDIO), (VIDEO,), (AUDIO,)])
JUMPING = st.builds(Deed, MOMENTS, TRACKS, FAR | st.integers(-2100, -600))
TREMBLING = st.builds(Deed, MOMENTS, TRACKS, st.integers(-450, 40), st.integers(1, 5))
LEAVING = st.builds(Deed, MOMENTS, TRACKS, FAR, st.integers(1, 5))
DEEDS = st.lists(JUMPING | TREMBLING | LEAVING, max_size=4, unique_by=lambda deed: deed.at)


class Camera:
    """Frames of a real encoder, repeated; each with the moment when it is sent."""

    def __init__(self, begin: list[Tag], pictures: list[Tag], sounds: list[Tag]) -> None:
        self.begin, self.pictures, self.sounds = begin, pictures, sounds

    def film(self, deeds: list[Deed], *, start: int = 0, apart: int = 0) -> list[tuple[float, Tag]]:
        """`start` is where its clock begins, `apart` how far that of its sound is from it."""
        sent: list[tuple[float, Tag]] = [(0.0, replace(tag, timestamp=start)) for tag in self.begin]
        made = [(number * FRAME_MS, VIDEO) for number in range(SECONDS * 30)]
        made += [(number * SOUND_MS, AUDIO) for number in range(round(SECONDS * 1000 / SOUND_MS))]
        counts = {VIDEO: 0, AUDIO: 0}
        for at, kind in sorted(made):
            source = self.pictures if kind == VIDEO else self.sounds
            tag = source[counts[kind] % len(source)]
            counts[kind] += 1
            off = sum(deed.by for deed in deeds if deed.applies(kind, at)) + apart * (kind == AUDIO)
            sent.append((at, Tag(kind, (start + int(at) + off) & 0xFFFFFFFF, tag.body)))
        return sent


@pytest.fixture(scope="module")
def camera(make_flv: FlvMaker) -> Camera:
    tags = make_flv(seconds=2, size="160x90")
    both = frames(tags)
    return Camera(
        headers(tags), [tag for tag in both if tag.kind == VIDEO], [tag for tag in both if tag.kind == AUDIO]
    )


def show(sent: list[tuple[float, Tag]]) -> Studio:
    """A stream that was sent just so; the studio checks its playlists as they come."""
    studio = Studio(window_seconds=3600.0)
    publisher, began = studio.connect(), studio.clock.now
    for at, tag in sent:
        studio.clock.now = began + at / 1000
        studio.feed(publisher, [tag])
        studio.clock.now = began + at / 1000
    studio.stream.detach()
    return studio


def samples(data: bytes) -> list[tuple[int, int, int]]:
    """Decode time, duration and composition offset of every picture in `data`, in ms."""
    ticks, found = TICKS_PER_MS, []
    for kind, moof in boxes(data):
        for part, traf in boxes(moof) if kind == b"moof" else ():
            inside = dict(boxes(traf)) if part == b"traf" else {}
            if inside and int.from_bytes(inside[b"tfhd"][4:8], "big") == 1:
                at, run = int.from_bytes(inside[b"tfdt"][4:12], "big"), inside[b"trun"]
                for number in range(int.from_bytes(run[4:8], "big")):
                    entry = run[12 + 16 * number : 28 + 16 * number]
                    duration = int.from_bytes(entry[:4], "big")
                    composition = int.from_bytes(entry[12:16], "big", signed=True)
                    found.append((at // ticks, duration // ticks, composition // ticks))
                    at += duration
    return found


def check(studio: Studio, sent: list[tuple[float, Tag]]) -> None:
    """The promises that hold for every encoder."""
    data, segments = studio.whole(), studio.window.segments
    stretches = sum(segment.discontinuity for segment in segments)
    for track in runs(data).values():
        ends = [(start + length, after) for (start, length), (after, _) in pairwise(track)]
        assert all(end <= after for end, after in ends), "time runs forward"
        assert sum(end != after for end, after in ends) <= stretches, "without a hole"
    pictures = samples(data)
    assert len(pictures) == sum(tag.kind == VIDEO and tag.body[1] == 1 for _, tag in sent), "nothing is lost"
    assert all(duration >= 1 for _, duration, _ in pictures)
    assert studio.stream.packager.end_ms == pytest.approx(SECONDS * 1000, abs=900), "at the wall's speed"
    ends_at = [segment.wall_ms + segment.duration_ms for segment in segments]
    assert all(end <= after.wall_ms for end, after in zip(ends_at, list(segments)[1:], strict=False))


def real_sound(studio: Studio, camera: Camera, *, after_ms: int) -> float:
    """The share of sound that is the encoder's own, in what was made after that."""
    frames_of = {bytes(tag.body[2:]) for tag in camera.sounds}
    late = [segment for segment in studio.window.segments if segment.start_ms >= after_ms]
    length = sum(segment.duration_ms for segment in late)
    data = b"".join(part.data for segment in late for part in segment.parts)
    found = sum(data.count(frame) for frame in frames_of)
    return found * SOUND_MS / length


@hypothesis.given(
    deeds=DEEDS,
    start=st.integers(0, (1 << 32) - 1) | st.integers((1 << 32) - 9000, (1 << 32) - 1),
)
def test_time_runs_forward_at_the_wall_s_speed(camera: Camera, deeds: list[Deed], start: int) -> None:
    sent = camera.film(deeds, start=start)
    studio = show(sent)
    check(studio, sent)
    # Whatever happened came before 6.7 s, and what is not believed at once is believed soon.
    assert real_sound(studio, camera, after_ms=SECONDS * 1000 - 3000) > 0.8


@pytest.mark.parametrize("then", ["it jumps", "it goes on"])
@pytest.mark.parametrize("step", [300, 1900])
def test_a_step_makes_no_part_too_long_while_sound_runs_ahead(camera: Camera, step: int, then: str) -> None:
    both = (VIDEO, AUDIO)
    deeds = [Deed(3500, both, step)]
    if then == "it jumps":
        deeds.append(Deed(3533, both, 1_000_000))
    studio = show(camera.film(deeds, apart=400))
    parts = [part for segment in studio.window.segments for part in segment.parts]
    assert max(part.duration_ms for part in parts) <= studio.window.part_target_ms
    assert real_sound(studio, camera, after_ms=SECONDS * 1000 - 4000) > 0.9


@hypothesis.given(
    apart=st.integers(-(1 << 31), 1 << 31) | st.integers(-6000, -700), start=st.integers(0, 9000)
)
def test_sound_with_a_clock_of_its_own_is_heard(camera: Camera, apart: int, start: int) -> None:
    sent = camera.film([], start=start, apart=apart)
    studio = show(sent)
    check(studio, sent)
    assert real_sound(studio, camera, after_ms=SECONDS * 1000 - 4000) > 0.9


@hypothesis.given(
    offsets=st.lists(st.integers(-(1 << 23), (1 << 23) - 1) | st.integers(-200, 200), min_size=1, max_size=60)
)
def test_composition_times_that_make_no_sense_do_not_freeze_the_picture(
    camera: Camera, offsets: list[int]
) -> None:
    sent, number = [], 0
    for at, tag in camera.film([]):
        if tag.kind == VIDEO and tag.body[1] == 1:
            offset = offsets[number % len(offsets)].to_bytes(3, "big", signed=True)
            tag, number = replace(tag, body=tag.body[:2] + offset + tag.body[5:]), number + 1
        sent.append((at, tag))
    studio = show(sent)
    check(studio, sent)
    for at, _, composition in samples(studio.whole()):
        assert at + composition >= 0 and abs(composition) <= 5000
