"""What viewers can go back to: listed for hours, in memory for half a minute, read from the recording."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.streams.media import DoorLimits, FileArchive, MediaConfig, Resume, playlists
from apps.streams.media.codecs import AacConfig, AvcConfig
from apps.streams.media.names import RecordedSegment, read_names
from apps.streams.media.reading import Busy, RecordingReader
from apps.streams.media.recording import resume_point
from apps.streams.media.window import LiveWindow, Part, Segment
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import publish
from tests.streams.media.playlist_rules import Playlist, check, check_update, parse

PREFIX = "rec/stream"
BEGAN = 1_800_000_000_000


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


def recorded(msn: int, *, start: int, epoch: str = "e0", discontinuity: bool = False) -> RecordedSegment:
    flags = "kd" if discontinuity else "k"
    name = f"{msn:07d}_{start}_2000_{BEGAN + start}_10_{epoch}-0_{flags}.m4s"
    return read_names([name])[0]


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


# Through the doors


FAST: dict[str, Any] = {
    "target_duration": 2,
    "window_seconds": 8.0,
    "limits": DoorLimits(max_lead_seconds=None),
}


@pytest.fixture
def archive(tmp_path: Path) -> FileArchive:
    return FileArchive(tmp_path)


@pytest.fixture
def rewound(archive: FileArchive, make_flv: FlvMaker) -> Iterator[Edge]:
    """A stream of 30 s, whose first 20 are in the archive alone."""
    with Edge(gate=MemoryGate(recording=True), archive=archive, **FAST) as edge:
        film(edge, make_flv)
        yield edge


def film(edge: Edge, make_flv: FlvMaker, *, seconds: float = 30) -> None:
    publish(edge, make_flv(seconds=seconds, size="160x90"))
    eventually(lambda: edge.gate.interruptions)
    eventually(lambda: not edge.call(lambda: edge.node._streams["stream"].window._leaving))


def whole(edge: Edge) -> Playlist:
    return check(edge.get("stream.m3u8").text)


def oldest(edge: Edge) -> str:
    uri = whole(edge).segments[0].uri
    assert uri is not None
    return uri


def test_a_segment_from_the_recording_is_what_was_live(rewound: Edge, archive: FileArchive) -> None:
    seen = whole(rewound)
    window = rewound.node._streams["stream"].window
    old = [segment for segment in seen.segments if rewound.call(window.find, segment.msn) is None]
    assert len(old) > 6 and old[0].msn == 1
    for segment, file in zip(old, read_names(archive.names(PREFIX)), strict=False):
        assert segment.uri is not None
        answer = rewound.get(segment.uri)
        assert answer.status_code == 200 and answer.content == archive.read(f"{PREFIX}/{file.name}")
        assert "immutable" in answer.headers["cache-control"]
        part = rewound.http.get(rewound.path(segment.uri), headers={"range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"moof")


def test_a_long_playlist_is_packed_for_those_who_can_unpack_it(
    archive: FileArchive, make_flv: FlvMaker
) -> None:
    for number in range(400):
        archive.write(f"{PREFIX}/{recorded(number + 1, start=number * 2000).name}", [bytes(10)])
    with Edge(gate=MemoryGate(recording=True), archive=archive, **FAST) as edge:
        film(edge, make_flv, seconds=3)
        path = edge.path("stream.m3u8")
        plain = edge.http.get(path, headers={"accept-encoding": "identity"})
        packed = edge.http.get(path, headers={"accept-encoding": "br, gzip"})
        assert len(check(plain.text).segments) > 400 and packed.content == plain.content
        assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
        assert int(packed.headers["content-length"]) * 8 < int(plain.headers["content-length"])
        assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
        delta = edge.http.get(f"{path}?_HLS_skip=YES&_HLS_msn=1", headers={"accept-encoding": "gzip"})
        assert check(delta.text).skipped and int(delta.headers["content-length"]) < 2_000


def test_a_foreign_player_reads_from_the_beginning_and_in_the_middle(
    rewound: Edge, probe: Callable[..., str]
) -> None:
    first = (
        "-select_streams",
        "v",
        "-read_intervals",
        "%+#1",
        "-show_entries",
        "packet=dts_time",
        "-of",
        "csv",
    )
    for index in (0, 2, 5, 9):
        segments = whole(rewound).segments
        begins = sum(segment.duration or 0 for segment in segments[:index])
        told = probe(rewound.url(), "-live_start_index", str(index), *first)
        assert float(told.split(",")[1]) == pytest.approx(begins, abs=0.001)
    rewound.call(rewound.node.end, "stream")
    counted = ("-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets")
    assert "nb_read_packets=900" in probe(rewound.url(), *counted)


def test_after_a_restart_viewers_rewind_across_it(archive: FileArchive, make_flv: FlvMaker) -> None:
    files = []
    for _ in range(2):
        with Edge(gate=MemoryGate(recording=True), archive=archive, **FAST) as edge:
            film(edge, make_flv, seconds=12)
            seen = whole(edge)
            for segment in seen.segments:
                assert segment.uri is not None and segment.map is not None
                answer = edge.get(segment.uri)
                assert answer.status_code == (404 if segment.gap else 200)
                assert edge.get(segment.map).content[4:8] == b"ftyp"
                files.append(answer.content)
    assert seen.segments[0].msn == 1 and len({segment.map for segment in seen.segments}) == 2
    assert sum(segment.discontinuity for segment in seen.segments) == 1
    assert len([segment for segment in seen.segments if segment.gap]) == 5


def test_addresses_that_are_not_in_the_playlist_lead_nowhere(rewound: Edge, archive: FileArchive) -> None:
    archive.write("rec/other/secret", [b"x"])
    epoch = oldest(rewound).split("-")[0]
    for name in (
        f"{epoch}-0.m4s",
        f"{epoch}-999999999.m4s",
        f"{epoch}-9999999999999.m4s",
        f"{epoch}-1-0.m4s",
        f"{epoch}-init7.mp4",
        f"{epoch}-init-1.mp4",
        "zzz-1.m4s",
        "zzz-init0.mp4",
        read_names(archive.names(PREFIX))[0].name,
        "..%2Fother%2Fsecret",
        "%2e%2e",
        f"{epoch}-1.m4s%00",
        f"{epoch}-1.m4s/..",
        f"{epoch}-١.m4s",
        f"{epoch}-1.m4s%0A",
    ):
        assert rewound.get(name).status_code in (400, 404), name


def test_another_streams_segment_is_not_found_here(archive: FileArchive, make_flv: FlvMaker) -> None:
    gate = MemoryGate(keys={"key": "stream", "other": "another"}, recording=True)
    with Edge(gate=gate, archive=archive, **FAST) as edge:
        film(edge, make_flv)
        publish(edge, make_flv(seconds=3), key="other")
        eventually(lambda: len(edge.gate.interruptions) == 2)
        uri = oldest(edge)
        assert edge.get(uri).status_code == 200
        assert edge.get(uri, stream="another").status_code == 404
        forged = edge.path(uri).replace("/stream/", "/another/")
        assert edge.http.get(forged).status_code == 403


def test_the_past_needs_a_grant_too(rewound: Edge) -> None:
    uri = oldest(rewound)
    assert rewound.get(uri, life=-1).status_code == 403
    assert rewound.http.get(f"/live/x/stream/{uri}").status_code == 403


class MoodyArchive(FileArchive):
    """Reads when it is let, counts what it read, and may be out of order."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.free = threading.Event()
        self.free.set()
        self.broken = False
        self.reads: list[str] = []

    def read(self, path: str) -> bytes:
        self.reads.append(path)
        self.free.wait(20)
        if self.broken:
            raise ConnectionError("no route to the bucket")
        return super().read(path)


def test_many_who_want_the_same_are_one_read(tmp_path: Path, make_flv: FlvMaker) -> None:
    archive = MoodyArchive(tmp_path)
    with Edge(gate=MemoryGate(recording=True), archive=archive, **FAST) as edge:
        film(edge, make_flv)
        uri = oldest(edge)
        archive.free.clear()
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(edge.get, uri, viewer=f"v{number}") for number in range(8)]
            eventually(lambda: edge.call(lambda: len(edge.node._viewers._takers._files)) == 8)
            assert edge.get("stream.m3u8").status_code == 200, "the edge goes on while the archive thinks"
            archive.free.set()
            assert {answer.result(10).status_code for answer in asked} == {200}
        assert edge.get(uri).status_code == 200
        assert len(archive.reads) == 1


def test_an_archive_that_is_down_is_asked_again_and_a_missing_file_is_missing(
    tmp_path: Path, make_flv: FlvMaker
) -> None:
    archive = MoodyArchive(tmp_path)
    with Edge(gate=MemoryGate(recording=True), archive=archive, **FAST) as edge:
        film(edge, make_flv)
        first, second, third = (segment.uri or "" for segment in whole(edge).segments[:3])
        archive.broken = True
        assert edge.get(first).status_code == 503
        archive.broken = False
        assert edge.get(first).status_code == 200
        names = [segment.name for segment in read_names(archive.names(PREFIX))]
        (tmp_path / PREFIX / names[1]).unlink()
        assert edge.get(second).status_code == 404
        (tmp_path / PREFIX / names[2]).write_bytes(b"half")
        assert edge.get(third).status_code == 404


def test_an_archive_that_hangs_is_not_waited_for(tmp_path: Path, make_flv: FlvMaker) -> None:
    archive = MoodyArchive(tmp_path)
    with Edge(gate=MemoryGate(recording=True), archive=archive, reader_seconds=0.3, **FAST) as edge:
        film(edge, make_flv)
        archive.free.clear()
        assert edge.get(oldest(edge)).status_code == 503
        archive.free.set()


def test_one_viewer_can_not_take_all_that_can_be_read(tmp_path: Path, make_flv: FlvMaker) -> None:
    archive = MoodyArchive(tmp_path)
    with Edge(gate=MemoryGate(recording=True), archive=archive, reader_per_viewer=2, **FAST) as edge:
        film(edge, make_flv)
        wanted = [segment.uri or "" for segment in whole(edge).segments[:3]]
        archive.free.clear()
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(edge.get, uri, viewer="greedy") for uri in wanted[:2]]
            eventually(lambda: len(archive.reads) == 2)
            refused = edge.get(wanted[2], viewer="greedy")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            other = pool.submit(edge.get, wanted[2], viewer="patient")
            eventually(lambda: len(archive.reads) == 3)
            archive.free.set()
            assert [answer.result(10).status_code for answer in (*asked, other)] == [200, 200, 200]
        assert edge.get(wanted[2], viewer="greedy").status_code == 200


def test_who_takes_nothing_is_hung_up_on_and_holds_nothing(archive: FileArchive, make_flv: FlvMaker) -> None:
    """A film of large pictures, on a connection that takes only the beginning."""
    limits = {"reader_sending_bytes": 9_000_000, "stall_seconds": 1.0}
    with Edge(gate=MemoryGate(recording=True), archive=archive, **limits, **FAST) as edge:
        film(edge, make_flv)
        first, second = (segment.uri or "" for segment in whole(edge).segments[:2])
        fatten(edge, archive.root / PREFIX, 8_000_000)
        with socket.create_connection(("127.0.0.1", edge.http_port)) as stalled:
            stalled.sendall(f"GET {edge.path(first)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            eventually(lambda: edge.call(lambda: edge.node._viewers._takers.bytes) > 1_000_000)
            assert edge.get(second).status_code == 503, "more is not read than may be on its way"
            eventually(lambda: edge.call(lambda: edge.node._viewers._takers.bytes) == 0, seconds=20)
            assert edge.get(second).status_code == 200
            stalled.settimeout(10)
            taken = 0
            while data := stalled.recv(1 << 20):
                taken += len(data)
            assert taken < 8_000_000, "the connection is closed before its end"


def fatten(edge: Edge, folder: Path, size: int) -> None:
    """Let every recorded segment be as large as those of a good camera."""
    past = edge.node._streams["stream"].window.past

    def grow() -> None:
        for index, segment in enumerate(past.listed):
            (folder / segment.name).write_bytes(bytes(size))
            past.listed[index] = replace(segment, size=size)

    edge.call(grow)


class Numbers:
    """An archive whose files are as long as their names say."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.free = threading.Event()
        self.free.set()

    def read(self, path: str) -> bytes:
        self.reads.append(path)
        self.free.wait(10)
        return bytes(int(path))

    def names(self, prefix: str) -> list[str]:
        return []

    def write(self, path: str, chunks: Sequence[bytes]) -> None:
        raise AssertionError("a reader does not write")


def test_the_reader_remembers_no_more_than_it_may_and_forgets_the_oldest() -> None:
    archive = Numbers()
    reader = RecordingReader(archive, threads=1, max_reads=9, cache_bytes=100, seconds=5)

    async def read() -> None:
        for path in ("40", "50", "40", "30", "40", "50", "200", "200"):
            assert len(await reader.read(path)) == int(path)

    asyncio.run(read())
    assert archive.reads == ["40", "50", "30", "50", "200", "200"]
    assert reader.cached_bytes <= 100
    reader.close()


def test_the_reader_refuses_more_than_can_wait() -> None:
    archive = Numbers()
    archive.free.clear()
    reader = RecordingReader(archive, threads=1, max_reads=2, cache_bytes=100, seconds=5)

    async def read() -> None:
        waiting = [asyncio.create_task(reader.read(path)) for path in ("1", "2", "1")]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await reader.read("3")
        archive.free.set()
        assert [len(data) for data in await asyncio.gather(*waiting)] == [1, 2, 1]
        assert len(await reader.read("3")) == 3

    asyncio.run(read())
    reader.close()


def test_where_a_stream_resumes_is_told_with_what_it_recorded(rewound: Edge, archive: FileArchive) -> None:
    resume = resume_point(archive, PREFIX)
    assert resume is not None
    assert [segment.msn for segment in resume.recorded] == list(range(1, resume.next_msn - 5))
