"""What the playlist lists of the past, and for how long: a window that is filled in no time."""

from __future__ import annotations

import gc
import gzip
import time
import tracemalloc
from typing import Any

import pytest

from apps.streams.media import MediaConfig, Resume, playlists
from apps.streams.media.codecs import AacConfig, AvcConfig
from apps.streams.media.names import RecordedSegment, read_names
from apps.streams.media.window import LiveWindow, Part, Segment
from tests.streams.media.playlist_rules import Playlist, check, check_update, parse
from tests.streams.media.rewinding import BEGAN, recorded


class Camera:
    """Fills a window with segments of two seconds, in no time; the archive has them at once, unless told."""

    def __init__(self, *, resume: Resume | None = None, epoch: str = "e1", **config: Any) -> None:
        self.window = LiveWindow(MediaConfig(b"k", b"t", **config), epoch, resume=resume, rewinds=True)
        self.add_init()
        self.ms = resume.next_time_ms if resume else 0
        self.wall_ms = max(BEGAN + self.ms, self.window.past.ends_at_ms)

    def add_init(self) -> None:
        avc, aac = (
            AvcConfig(b"\1", "avc1.42c01f", 320, 180, 30.0),
            AacConfig(b"\x11\x90", "mp4a.40.2", 48_000, 2, 1024),
        )
        self.init = self.window.add_init(avc, aac)

    def film(
        self, *, discontinuity: bool = False, stored: bool | None = True, parts: int = 10, size: int = 10
    ) -> Segment:
        segment = self.window.open_segment(
            start_ms=self.ms, wall_ms=self.wall_ms, init=self.init, discontinuity=discontinuity
        )
        segment.stored = stored
        for index in range(parts):
            self.window.add_part(Part(bytes(size), 2000 // parts, index == 0))
        self.window.close_segment()
        self.ms += 2000
        self.wall_ms += 2000
        return segment

    def pause(self, milliseconds: int) -> None:
        self.wall_ms += milliseconds

    def playlist(self, *, skip: bool = False) -> Playlist:
        return check(playlists.media(self.window, skip=skip).decode())


SHORT: dict[str, Any] = {"target_duration": 2, "window_seconds": 8.0, "rewind_seconds": 60.0}


def test_the_playlist_reaches_back_and_the_memory_does_not() -> None:
    camera = Camera(**SHORT)
    seen = None
    for number in range(100):
        camera.film(discontinuity=number in (20, 21, 50), size=1000)
        playlist = camera.playlist()
        if seen is not None:
            check_update(seen, playlist)
        seen = playlist
        assert camera.window.size <= 6 * 10 * 1000
    assert seen is not None and 60 <= sum(segment.duration or 0 for segment in seen.segments) <= 62
    assert seen.segments[0].dated and not seen.segments[1].dated
    assert seen.tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "3"


def test_a_delta_update_says_what_the_whole_playlist_says() -> None:
    camera = Camera(**SHORT)
    for number in range(40):
        camera.film(discontinuity=number == 31)
        camera.pause(500 if number == 30 else 0)
        if number == 25:
            camera.add_init()
        whole, delta = camera.playlist(), camera.playlist(skip=True)
        left_out = whole.segments[: delta.skipped]
        shown = whole.segments[delta.skipped :]
        for ours, theirs in zip(delta.segments, shown, strict=True):
            assert (ours.msn, ours.uri, ours.map, ours.discontinuity) == (
                theirs.msn, theirs.uri, theirs.map, theirs.discontinuity,
            )  # fmt: skip
            assert ours.date == pytest.approx(theirs.date, abs=0.002)
        if left_out:
            length = sum(segment.duration or 0 for segment in shown)
            assert 12 <= length < 14, "what ends before the skip boundary of six targets, and only that"
        assert delta.segments[0].dated


def test_dates_are_right_on_both_sides_of_a_gap() -> None:
    camera = Camera(**SHORT)
    for _ in range(6):
        camera.film()
    camera.pause(45_000)
    for number in range(24):
        camera.film(discontinuity=number == 0)
        segments = camera.playlist().segments
        for segment in segments:
            expected = BEGAN + (segment.msn - 1) * 2000 + (45_000 if segment.msn > 6 else 0)
            assert segment.date == pytest.approx(expected / 1000, abs=0.002), segment.msn
    assert segments[0].msn == 1 + 30 - 30


def test_nothing_is_listed_that_can_be_read_nowhere() -> None:
    """The archive is late: what it does not have yet stays in memory, however long that takes."""
    camera = Camera(**SHORT)
    slow = [camera.film(stored=None, size=1000) for _ in range(3)]
    for _ in range(20):
        camera.film()
        for listed in camera.playlist().segments:
            held = camera.window.find(listed.msn)
            recorded = camera.window.past.find("e1", listed.msn)
            assert held is not None or recorded is not None
            assert held is None or all(part.data for part in held.parts)
    assert [camera.window.find(segment.msn) for segment in slow] == slow
    for segment in slow:
        segment.stored = True
    camera.film()
    assert not any(camera.window.find(segment.msn) for segment in slow)


def test_what_the_archive_lost_is_a_gap_and_no_gap_comes_first() -> None:
    camera = Camera(**SHORT)
    for number in range(1, 21):
        camera.film(stored=number not in (1, 2, 7, 8))
    seen = camera.playlist()
    assert seen.segments[0].msn == 3, "nobody can rewind to what is not there"
    assert [segment.msn for segment in seen.segments if segment.gap] == [7, 8]
    assert camera.window.past.find("e1", 7) is None
    for _ in range(20):
        camera.film()
        newer = camera.playlist()
        check_update(seen, newer)
        seen = newer
        assert not seen.segments[0].gap


def test_a_segment_that_is_lost_late_becomes_a_gap_before_its_bytes_go() -> None:
    camera = Camera(**SHORT)
    camera.film()
    slow = camera.film(stored=None)
    for _ in range(8):
        camera.film()
    assert not any(segment.gap for segment in camera.playlist().segments)
    slow.stored = False
    camera.film()
    assert [segment.msn for segment in camera.playlist().segments if segment.gap] == [slow.msn]
    assert camera.window.find(slow.msn) is None


def test_what_was_unlisted_can_be_fetched_for_as_long_as_it_was_listed() -> None:
    camera = Camera(**SHORT)
    for _ in range(40):
        camera.film()
    first = camera.playlist().segments[0].msn
    assert first > 5
    assert camera.window.past.find("e1", first - 1) is not None
    for _ in range(60):
        camera.film()
    assert camera.window.past.find("e1", first - 1) is None
    assert camera.window.past.find("e1", 0) is None


@pytest.mark.parametrize("rewind", [1.0, 8.0, 12.0])
def test_who_may_go_back_a_little_still_finds_what_the_last_playlists_listed(rewind: float) -> None:
    camera = Camera(**{**SHORT, "rewind_seconds": rewind})
    seen: list[Playlist] = []
    for _ in range(30):
        camera.film()
        seen.append(camera.playlist())
        for listed in (segment for playlist in seen[-4:] for segment in playlist.segments):
            assert camera.window.find(listed.msn) or camera.window.past.find("e1", listed.msn), listed.msn
    assert camera.window.past.find("e1", 1) is None


def test_without_a_recording_the_playlist_ends_with_the_memory() -> None:
    camera = Camera(**{**SHORT, "rewind_seconds": 0.0})
    for _ in range(40):
        camera.film()
    assert sum(segment.duration or 0 for segment in camera.playlist().segments) < 12


def test_after_a_restart_the_older_part_is_still_there_under_its_old_names() -> None:
    before = [recorded(msn, start=(msn - 1) * 2000) for msn in (1, 2, 3, 5, 6)]
    resume = Resume(next_msn=12, next_time_ms=32_000, discontinuity_sequence=0, recorded=before)
    camera = Camera(resume=resume, **SHORT)
    camera.film(discontinuity=True)
    seen = camera.playlist()
    assert [segment.msn for segment in seen.segments] == list(range(1, 13))
    assert [segment.msn for segment in seen.segments if segment.gap] == [4, 7, 8, 9, 10, 11]
    assert seen.segments[3].duration == 2.0, "a lost segment was as long as the hole it left"
    assert [segment.uri for segment in seen.segments][:2] == ["e0-1.m4s", "e0-2.m4s"]
    assert seen.segments[0].map == "e0-init0.mp4" and seen.segments[-1].map == "e1-init0.mp4"
    assert seen.tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "0" and seen.segments[-1].discontinuity
    for _ in range(40):
        camera.film()
        newer = camera.playlist()
        check_update(seen, newer)
        seen = newer
    assert seen.tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "1"


def test_a_second_restart_counts_what_the_first_one_left() -> None:
    segments = [
        *(recorded(msn, start=msn * 2000) for msn in range(1, 4)),
        *(
            recorded(msn, start=msn * 2000 + 20_000, epoch="e1", discontinuity=msn == 9)
            for msn in range(9, 40)
        ),
    ]
    resume = Resume(next_msn=45, next_time_ms=120_000, discontinuity_sequence=1, recorded=segments)
    whole = Camera(resume=resume, epoch="e2", **{**SHORT, "rewind_seconds": 600.0})
    whole.film(discontinuity=True)
    seen = whole.playlist()
    assert seen.segments[0].msn == 1 and seen.tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "0"
    assert [segment.discontinuity for segment in seen.segments].count(True) == 2
    late = Camera(resume=resume, epoch="e2", **{**SHORT, "rewind_seconds": 40.0})
    late.film(discontinuity=True)
    assert late.playlist().tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "1"


def test_a_restart_after_days_takes_no_longer_than_one_after_three_hours() -> None:
    def restart(count: int) -> float:
        breaks = {1, 10, count - 1000, count - 10}
        segments = [
            RecordedSegment("x", msn, msn * 2000, 2000, BEGAN + msn * 2000, 10, "e0-0", True, msn in breaks)
            for msn in range(1, count + 1)
        ]
        resume = Resume(count + 6, count * 2000 + 20_000, len(breaks), segments)
        gc.collect()
        gc.disable()  # it would look through the test's own segments
        began = time.perf_counter()
        camera = Camera(resume=resume, epoch="e2")
        took = time.perf_counter() - began
        gc.enable()
        camera.film(discontinuity=True)
        seen = camera.playlist()
        assert seen.tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "2"
        assert [segment.discontinuity for segment in seen.segments].count(True) == 3
        assert 7200 <= sum(segment.duration or 0 for segment in seen.segments) < 7210
        return took

    short = min(restart(5400) for _ in range(3))
    assert min(restart(90_000) for _ in range(2)) < 5 * short


def test_recordings_with_older_names_are_not_rewound_into() -> None:
    old = read_names(["0000001_0_2000_1000_5_a00_k.m4s"])
    camera = Camera(resume=Resume(7, 22_000, 0, old), **SHORT)
    camera.film(discontinuity=True)
    assert [segment.msn for segment in camera.playlist().segments] == [7]


def test_two_hours_cost_less_than_five_megabytes_more_than_half_a_minute() -> None:
    def weight(rewind: float) -> int:
        gc.collect()
        tracemalloc.start()
        camera = Camera(rewind_seconds=rewind)
        for _ in range(7400):  # twice two hours: what was unlisted is remembered, too
            camera.film(parts=2, size=0)
        for skip in (False, True):
            playlists.media(camera.window, skip=skip)
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size

    assert weight(7200.0) - weight(0.0) < 5_000_000


def test_a_reload_of_two_hours_is_as_small_as_one_of_a_minute() -> None:
    camera = Camera()
    for _ in range(3700):
        camera.film()
    delta = playlists.media(camera.window, skip=True)
    assert parse(delta.decode()).skipped > 3500
    assert len(delta) < 15_000 and len(gzip.compress(delta, 1)) < 2_000
