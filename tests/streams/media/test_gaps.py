"""Gaps of a recording, as its segments' names tell them."""

from __future__ import annotations

import pytest

from apps.streams.media import FileArchive, gaps_recorded
from apps.streams.media.gaps import find_gaps
from apps.streams.media.names import RecordedSegment, read_names, recorded_as
from apps.streams.media.recording import render_playlist
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.studio import Studio


def recorded(studio: Studio) -> list[RecordedSegment]:
    return read_names([recorded_as(segment, "e0-0").name for segment in studio.window.segments])


def positions(playlist: str) -> dict[str, float]:
    """Where each file of a VOD playlist begins, in seconds."""
    found, at, length = {}, 0.0, 0.0
    for line in playlist.splitlines():
        if line.startswith("#EXTINF:"):
            length = float(line[8:].rstrip(","))
        elif not line.startswith("#"):
            found[line] = at
            at += length
    return found


def test_three_drops_are_three_gaps_right_to_a_second(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=3600.0)
    tags = make_flv(seconds=3)
    began, away = studio.clock.now, [4.0, 30.0, 2.5]
    studio.play(tags)
    for seconds in away:
        studio.clock.now += seconds
        studio.play(tags, shift=int(seconds) * 1_000_003)
    gaps = list(find_gaps(recorded(studio)))
    assert [gap.duration_ms / 1000 for gap in gaps] == pytest.approx(away, abs=0.2)
    assert [gap.position_ms / 1000 for gap in gaps] == pytest.approx([3, 6, 9], abs=0.2)
    stopped = [3, 3 + 4 + 3, 3 + 4 + 3 + 30 + 3]
    assert [gap.wall_ms / 1000 - began for gap in gaps] == pytest.approx(stopped, abs=0.2)


def test_a_hiccup_a_new_setting_and_a_jump_of_the_clock_are_none(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=3600.0)
    publisher = studio.connect()
    studio.feed(publisher, make_flv(seconds=3))
    studio.feed(publisher, make_flv(seconds=3, size="640x360"))
    studio.stream.detach()
    studio.clock.now += 0.4
    studio.play(make_flv(seconds=3), shift=90_000)
    segments = recorded(studio)
    assert sum(segment.discontinuity for segment in segments) == 2
    assert list(find_gaps(segments)) == []


def test_an_encoder_that_sent_nothing_for_a_while_without_leaving_left_a_gap(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=3600.0)
    tags = make_flv(seconds=9)
    publisher = studio.connect()
    studio.feed(publisher, [tag for tag in tags if tag.timestamp < 2000 or tag.timestamp >= 6000])
    studio.stream.detach()
    (gap,) = find_gaps(recorded(studio))
    assert gap.duration_ms == pytest.approx(4000, abs=200)


def test_what_the_archive_lost_is_a_gap_where_the_playlist_has_it(tmp_path) -> None:  # type: ignore[no-untyped-def]
    names = [
        "0000001_0_2000_1795181766000_4_a-0_k.m4s",
        "0000002_2000_2000_1795181768000_4_a-0_k.m4s",
        "0000005_8000_2000_1795181774000_4_a-0_k.m4s",
        "0000006_10000_2000_1795181786000_4_a-0_kd.m4s",
    ]
    archive = FileArchive(tmp_path)
    for name in names:
        archive.write(f"it/{name}", [b"data"])
    gaps = gaps_recorded(archive, "it")
    assert [(gap.wall_ms, gap.duration_ms) for gap in gaps] == [
        (1795181770000, 4000),
        (1795181776000, 10000),
    ]
    at = positions(render_playlist(read_names(names)).decode())
    assert gaps[0].position_ms / 1000 == at[names[1]] + 2
    assert gaps[1].position_ms / 1000 == at[names[3]]
    assert gaps_recorded(archive, "nothing") == []
