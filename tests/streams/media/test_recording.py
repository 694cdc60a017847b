"""Recordings: written while live, complete after any crash, harmless to the viewers when the disk is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from apps.streams.media import FileArchive, write_playlist
from apps.streams.media.flv import Tag
from apps.streams.media.names import newest_names
from apps.streams.media.recording import read_names, render_playlist, resume_point
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import publish

PREFIX = "rec/stream"
DURATION = ("-show_entries", "format=duration", "-of", "csv=p=0")


def record(archive: FileArchive, tags: list[Tag], *, end: bool) -> Edge:
    with Edge(gate=MemoryGate(recording=True), archive=archive) as edge:
        publish(edge, tags)
        eventually(lambda: edge.gate.interruptions)
        if end:
            edge.call(edge.node.end, "stream")
            eventually(lambda: edge.gate.ends)
    return edge


def test_a_finished_recording_plays_from_its_playlist(
    archive: FileArchive, make_flv: FlvMaker, probe: Callable[..., str]
) -> None:
    edge = record(archive, make_flv(seconds=6), end=True)
    ((_, recorded),) = edge.gate.ends
    assert recorded is not None
    assert (recorded.duration_ms, recorded.segments, recorded.lost) == (6000, 4, 0)
    path = archive.root / recorded.playlist
    assert float(probe(str(path), "-show_entries", "format=duration", "-of", "csv=p=0")) == pytest.approx(
        6, abs=0.02
    )
    counted = probe(
        str(path), "-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets"
    )
    assert "nb_read_packets=180" in counted
    assert recorded.size_bytes == sum(file.stat().st_size for file in path.parent.glob("*.m4s"))


def test_after_a_crash_the_playlist_is_rebuilt_from_the_names(
    archive: FileArchive, make_flv: FlvMaker, probe: Callable[..., str]
) -> None:
    record(archive, make_flv(seconds=6), end=False)
    assert not (archive.root / PREFIX / "index.m3u8").exists()
    first = write_playlist(archive, PREFIX)
    text = archive.read(f"{PREFIX}/index.m3u8")
    assert write_playlist(archive, PREFIX) == first and archive.read(f"{PREFIX}/index.m3u8") == text
    duration = probe(
        str(archive.root / PREFIX / "index.m3u8"), "-show_entries", "format=duration", "-of", "csv=p=0"
    )
    assert float(duration) == pytest.approx(6, abs=0.02)


def test_a_restarted_node_continues_the_recording(
    archive: FileArchive, make_flv: FlvMaker, probe: Callable[..., str]
) -> None:
    tags = make_flv(seconds=3)
    record(archive, tags, end=False)
    before = resume_point(archive, PREFIX)
    assert before is not None
    edge = record(archive, tags, end=True)
    recorded = edge.gate.ends[0][1]
    assert recorded is not None and recorded.duration_ms == 6000
    segments = read_names(archive.names(PREFIX))
    later = [segment for segment in segments if segment.msn >= before.next_msn]
    assert later[0].discontinuity and later[0].start_ms == before.next_time_ms
    text = archive.read(recorded.playlist).decode()
    assert text.count("#EXT-X-DISCONTINUITY") == 1 and text.count("#EXT-X-MAP") == 2 and "GAP" not in text
    probe(str(archive.root / recorded.playlist), "-show_format")


class FailingArchive(FileArchive):
    """Loses every write whose path says so."""

    def __init__(self, root: Path, unlucky: Callable[[str], bool]) -> None:
        super().__init__(root)
        self._unlucky = unlucky

    def write(self, path: str, chunks: Sequence[bytes]) -> None:
        if self._unlucky(path):
            raise OSError(28, "No space left on device")
        super().write(path, chunks)


def test_lost_segments_are_counted_and_become_gaps(
    tmp_path: Path, make_flv: FlvMaker, probe: Callable[..., str]
) -> None:
    archive = FailingArchive(tmp_path, lambda path: "/0000003_" in path)
    edge = record(archive, make_flv(seconds=8), end=True)
    recorded = edge.gate.ends[0][1]
    assert recorded is not None and recorded.lost == 1
    lines = archive.read(recorded.playlist).decode().splitlines()
    gap = lines.index("#EXT-X-GAP")
    assert lines[gap + 1] == "#EXTINF:2.000,"


def test_an_archive_that_is_down_harms_nobody_who_watches(tmp_path: Path, make_flv: FlvMaker) -> None:
    archive = FailingArchive(tmp_path, lambda path: True)
    with Edge(gate=MemoryGate(recording=True), archive=archive) as edge:
        publish(edge, make_flv(seconds=6))
        eventually(lambda: edge.streams["stream"].recording_lost == 4)
        assert edge.get("stream.m3u8").status_code == 200
        edge.call(edge.node.end, "stream")
        eventually(lambda: edge.gate.ends == [("stream", None)])


class StuckArchive(FileArchive):
    """Answers nothing until released."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.released = threading.Event()

    def write(self, path: str, chunks: Sequence[bytes]) -> None:
        self.released.wait(20)
        super().write(path, chunks)


def test_an_archive_that_hangs_fills_no_memory_and_holds_nobody_up(
    tmp_path: Path, make_flv: FlvMaker
) -> None:
    archive = StuckArchive(tmp_path)
    gate = MemoryGate(recording=True)
    with Edge(gate=gate, archive=archive, recorder_max_bytes=100_000, recorder_finish_seconds=0.3) as edge:
        publish(edge, make_flv(seconds=8))
        eventually(lambda: edge.streams["stream"].recording_lost >= 1)
        recorder = edge.node._recorder
        assert recorder is not None and edge.call(lambda: recorder.waiting_bytes) <= 100_000
        assert edge.get("stream.m3u8").status_code == 200
        edge.call(edge.node.end, "stream")
        eventually(lambda: edge.gate.ends == [("stream", None)])
        archive.released.set()


def test_a_path_cannot_leave_the_archive(archive: FileArchive) -> None:
    for path in ("../outside", "/etc/passwd", "a/../../b", "", "a\0b"):
        with pytest.raises(ValueError, match="not a path"):
            archive.write(path, [b"x"])


def test_a_write_that_fails_leaves_nothing_behind(archive: FileArchive) -> None:
    with pytest.raises(TypeError):
        archive.write("folder/file", [b"x", None])  # type: ignore[list-item]
    assert archive.names("folder") == [] and not list((archive.root / "folder").iterdir())


def test_two_nodes_that_overlapped_make_one_timeline() -> None:
    names = [
        "0000001_0_2000_1000_5_a00_k.m4s",
        "0000002_2000_2000_3000_5_a00_k.m4s",
        "0000002_1900_2000_4000_5_b00_kd.m4s",
        "0000003_4000_2000_5000_5_a00_k.m4s",
        "index.m3u8",
        "init_a00.mp4",
        "unrelated_1_2_3.m4s",
    ]
    segments = read_names(names)
    assert [segment.init for segment in segments] == ["a00", "a00", "a00"]
    assert render_playlist(segments).decode().count("EXTINF") == 3


def test_the_newest_names_are_found_from_the_end() -> None:
    def name(msn: int, flags: str = "k") -> str:
        return f"{msn:07d}_{msn * 2000}_2000_{msn}_10_e0-0_{flags}.m4s"

    names = [name(msn) for msn in range(50_000)]
    others = ["index.m3u8", "init_e0-0.mp4", "still_99_ab.webp"]
    newest = newest_names([*others, *names], after_ms=49_990 * 2000)
    assert newest == names[:49_990:-1]
    assert newest_names(names, after_ms=10**9) == names[-1:], "one at least, for a picture of now"
    assert newest_names([name(1), name(2, "-")], after_ms=10**9) == [name(2, "-"), name(1)]
    assert newest_names(names[:3], after_ms=-10_000) == names[2::-1]
    assert newest_names(others, after_ms=0) == []
