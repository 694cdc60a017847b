"""The archive is asked once for all who want the same, and may be slow, down or gone."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from apps.streams.media import FileArchive
from apps.streams.media.names import read_names
from apps.streams.media.reading import Busy, RecordingReader
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.rewinding import FAST, PREFIX, film, oldest, whole


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
