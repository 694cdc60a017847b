"""What viewers can go back to: listed for hours, in memory for half a minute, read from the recording."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.streams.media import FileArchive
from apps.streams.media.names import read_names
from apps.streams.media.recording import resume_point
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import publish
from tests.streams.media.playlist_rules import check
from tests.streams.media.rewinding import FAST, PREFIX, film, oldest, recorded, whole


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


def test_where_a_stream_resumes_is_told_with_what_it_recorded(rewound: Edge, archive: FileArchive) -> None:
    resume = resume_point(archive, PREFIX)
    assert resume is not None
    assert [segment.msn for segment in resume.recorded] == list(range(1, resume.next_msn - 5))
