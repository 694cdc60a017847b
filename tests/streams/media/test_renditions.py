"""Renditions: a real ffmpeg makes them of a real stream; a window follows another part by part."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from apps.streams.media import grants
from apps.streams.media.transcoding import (
    LADDER,
    NodeClient,
    Patience,
    TooSlow,
    Transcode,
    TranscodeFailed,
)
from apps.streams.media.transcoding.fragments import read_fragment
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import GRANT_KEY, TRANSCODING_KEY, Edge, eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.playlist_rules import Playlist, attributes, check

SMALL = [rung for rung in LADDER if rung.name in ("160p", "audio")]
SECONDS = 60
"""Far more than any of these tests takes: who is done stops the encoder."""
ZEROLATENCY = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p"
PATIENT = Patience(standstill_seconds=40, slow_seconds=40)
HEAVY = f"{ZEROLATENCY} -b:v 6M -minrate 6M -maxrate 6M -bufsize 3M -x264-params nal-hrd=cbr"
"""Its parts are larger than what a pipe holds."""
REORDERING = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p"


def transcoding_grant(name: str = "transcoder", *, life: float = 60, key: bytes = TRANSCODING_KEY) -> str:
    expires = int(time.time() + life)
    return grants.sign(key, "stream", name, expires, purpose=grants.TRANSCODING)


@pytest.fixture
def edge() -> Iterator[Edge]:
    """A node that is patient with renditions: what is tested runs beside much else."""
    with Edge(rendition_lag_ms=3000, rendition_behind_ms=4000) as running:
        yield running


class Running:
    """A transcode in a thread, and how it ended."""

    def __init__(self, edge: Edge, ffmpeg: str, patience: Patience) -> None:
        client = NodeClient(f"http://127.0.0.1:{edge.http_port}", "stream", transcoding_grant)
        # Beside a whole suite, who is nice gets a core's thirtieth, and that is what this takes.
        self.transcode = Transcode(client, lambda source: SMALL, ffmpeg=ffmpeg, niceness=0, patience=patience)
        self.failure: TranscodeFailed | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.transcode.run()
        except TranscodeFailed as failure:
            self.failure = failure


@contextmanager
def transcoding(edge: Edge, ffmpeg: str, patience: Patience = PATIENT) -> Iterator[Running]:
    running = Running(edge, ffmpeg, patience)
    try:
        yield running
    finally:
        running.transcode.stop()
        running.thread.join(10)


@contextmanager
def on_air(edge: Edge, tags: list) -> Iterator[LiveEncoder]:
    encoder = LiveEncoder(edge, tags)
    try:
        eventually(lambda: edge.gate.lives)
        yield encoder
    finally:
        encoder.stop()


def variants(edge: Edge) -> dict[str, dict[str, str]]:
    """What the multivariant playlist lists: address → attributes."""
    lines, tag = edge.get("index.m3u8").text.splitlines(), "#EXT-X-STREAM-INF:"
    return {uri: attributes(line.removeprefix(tag)) for line, uri in pairwise(lines) if line.startswith(tag)}


def await_all(edge: Edge, running: Running) -> None:
    """Both renditions keep up with the source; a busy machine takes a while until ffmpeg runs."""
    eventually(lambda: running.failure or len(variants(edge)) == 3, seconds=40)
    assert running.failure is None


def connections(edge: Edge) -> int:
    """How many the node's HTTP server has."""
    return edge.call(lambda: len(edge.server.server_state.connections))


def media(edge: Edge, name: str = "") -> Playlist:
    answer = edge.get(f"{name}stream.m3u8")
    assert answer.status_code == 200, answer.text
    return check(answer.text)


def shown(edge: Edge, uri: str) -> list[int]:
    """When the pictures of a segment are shown."""
    data = edge.get(uri).content
    times: list[int] = []
    for start in [at for at in range(len(data)) if data[at + 4 : at + 8] == b"moof"]:
        times += read_fragment(data[start:]).shown_ms
    return sorted(times)


@pytest.mark.parametrize("video", [ZEROLATENCY, REORDERING])
def test_renditions_are_cut_where_the_source_is(
    edge: Edge, ffmpeg: str, make_flv: FlvMaker, probe: Callable[..., str], video: str
) -> None:
    tags = make_flv(seconds=SECONDS, gop=30, video=video)
    with on_air(edge, tags), transcoding(edge, ffmpeg) as running:
        await_all(edge, running)
        assert list(variants(edge)) == ["stream.m3u8", "160p/stream.m3u8", "audio/stream.m3u8"]
        small, sound = variants(edge)["160p/stream.m3u8"], variants(edge)["audio/stream.m3u8"]
        assert (small["RESOLUTION"], sound["CODECS"]) == ("284x160", "mp4a.40.2")
        assert small["FRAME-RATE"] == "30.000" and "RESOLUTION" not in sound
        eventually(lambda: sum(s.uri is not None for s in media(edge, "160p/").segments) >= 4, seconds=25)
        for name in ("160p/", "audio/"):
            ours, source = media(edge, name), media(edge)
            theirs = {segment.msn: segment for segment in source.segments}
            assert float(ours.control["PART-HOLD-BACK"]) == pytest.approx(3 * ours.part_target + 3)
            for segment in [segment for segment in ours.segments if segment.uri]:
                assert segment.duration == theirs[segment.msn].duration
                assert segment.date == pytest.approx(theirs[segment.msn].date, abs=0.0015)
        # The source is cut in decoding order, which is that of showing only at keyframes.
        for segment in [
            segment for segment in media(edge, "160p/").segments if segment.uri and segment.msn > 2
        ]:
            assert shown(edge, f"160p/{segment.uri}") == shown(edge, theirs[segment.msn].uri)
        whole = edge.get(f"160p/{segment.map}").content + edge.get(f"160p/{segment.uri}").content
        assert "h264,284,160" in probe(whole, "-show_entries", "stream=codec_name,width,height", "-of", "csv")
        eventually(lambda: running.transcode.offered == ["160p", "audio"])


def test_what_is_behind_is_taken_back_and_the_source_goes_on(
    edge: Edge, ffmpeg: str, make_flv: FlvMaker
) -> None:
    tags = make_flv(seconds=SECONDS, gop=30, video=ZEROLATENCY)
    with on_air(edge, tags), transcoding(edge, ffmpeg) as running:
        await_all(edge, running)
        last = media(edge, "160p/").segments[-1].msn
        assert running.transcode._encoder is not None
        os.kill(running.transcode._encoder.pid, signal.SIGSTOP)
        began = time.monotonic()
        answer = edge.get(f"160p/stream.m3u8?_HLS_msn={last + 2}&_HLS_part=0")
        assert answer.status_code == 404 and time.monotonic() - began < 7, "who waits for it hears so"
        assert list(variants(edge)) == ["stream.m3u8", "audio/stream.m3u8"]
        os.kill(running.transcode._encoder.pid, signal.SIGCONT)
        await_all(edge, running)
        msn = media(edge).segments[-1].msn
        assert edge.get(f"stream.m3u8?_HLS_msn={msn + 1}&_HLS_part=0").status_code == 200


def test_with_its_transcoder_a_rendition_goes_at_once_and_another_begins_anew(
    edge: Edge, ffmpeg: str, make_flv: FlvMaker
) -> None:
    tags = make_flv(seconds=SECONDS, gop=30, video=ZEROLATENCY)
    with on_air(edge, tags):
        with transcoding(edge, ffmpeg) as running:
            await_all(edge, running)
            older = media(edge, "160p/").segments[-1]
            assert running.failure is None
        eventually(lambda: list(variants(edge)) == ["stream.m3u8"], seconds=3)
        assert edge.get("160p/stream.m3u8").status_code == 404
        with transcoding(edge, ffmpeg) as running:
            await_all(edge, running)
            newer = media(edge, "160p/").segments[-1]
            assert newer.map != older.map, "nobody takes one for the other"


def test_renditions_go_on_when_the_encoder_was_away(ffmpeg: str, make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=SECONDS, gop=30, video=ZEROLATENCY)
    with (
        Edge(rendition_lag_ms=3000, rendition_behind_ms=4000, keep_alive_seconds=1) as edge,
        ExitStack() as whole,
    ):
        with on_air(edge, tags):
            running = whole.enter_context(transcoding(edge, ffmpeg))
            await_all(edge, running)
        before = {name: media(edge, name).segments[-1] for name in ("", "160p/", "audio/")}
        # Nothing is brought meanwhile, and the node hangs up on connections that nobody uses.
        eventually(lambda: connections(edge) == 1)
        with on_air(edge, tags):
            eventually(lambda: running.failure or media(edge).segments[-1].msn > before[""].msn + 1)
            await_all(edge, running)
            for name, last in before.items():
                assert media(edge, name).segments[-1].map == last.map, "the same one goes on"


def test_renditions_end_with_their_source(edge: Edge, ffmpeg: str, make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=SECONDS, gop=30, video=ZEROLATENCY)
    with on_air(edge, tags), transcoding(edge, ffmpeg) as running:
        await_all(edge, running)
        edge.call(edge.node.end, "stream")
        assert media(edge, "160p/").ended and media(edge, "audio/").ended
        running.thread.join(10)
        assert not running.thread.is_alive() and running.failure is None
        assert media(edge, "160p/").ended, "it lingers as the source does"


def program(folder: Path, *lines: str) -> str:
    """An ffmpeg that does this."""
    path = folder / "ffmpeg"
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return str(path)


def test_an_ffmpeg_that_takes_nothing_is_given_up(edge: Edge, make_flv: FlvMaker, tmp_path: Path) -> None:
    asleep, patience = program(tmp_path, "exec sleep 60"), Patience(standstill_seconds=1)
    with (
        on_air(edge, make_flv(seconds=20, gop=30, video=HEAVY)),
        transcoding(edge, asleep, patience=patience) as running,
    ):
        eventually(lambda: running.failure)
        assert str(running.failure) == "ffmpeg stands still"


def test_an_ffmpeg_that_is_too_slow_for_the_source_is_told_from_one_that_stands_still(
    edge: Edge, ffmpeg: str, make_flv: FlvMaker, tmp_path: Path
) -> None:
    slow, patience = program(tmp_path, f'exec {ffmpeg} -readrate 0.5 "$@"'), Patience(slow_seconds=1)
    with (
        on_air(edge, make_flv(seconds=20, gop=30, video=HEAVY)),
        transcoding(edge, slow, patience=patience) as running,
    ):
        eventually(lambda: running.failure)
        assert isinstance(running.failure, TooSlow)


def test_an_ffmpeg_that_ends_has_the_last_word(edge: Edge, make_flv: FlvMaker, tmp_path: Path) -> None:
    broken = program(tmp_path, "echo out of memory >&2", "exit 0")
    with (
        on_air(edge, make_flv(seconds=SECONDS, gop=30, video=ZEROLATENCY)),
        transcoding(edge, broken) as running,
    ):
        eventually(lambda: running.failure)
        assert str(running.failure) == "ffmpeg ended: out of memory"


def test_nobody_comes_in_with_a_viewers_grant(edge: Edge, make_flv: FlvMaker) -> None:
    with on_air(edge, make_flv(seconds=SECONDS, gop=30, video=ZEROLATENCY)):
        viewers, ours = edge.path().split("/")[2], transcoding_grant()
        an_edges = transcoding_grant(key=GRANT_KEY)
        for grant in (viewers, transcoding_grant(life=-1), ours[:-1] + "A", an_edges):
            for method, what in (("GET", "source"), ("PUT", "160p/init"), ("PUT", "160p/1-0")):
                answer = edge.http.request(method, f"/transcoding/{grant}/stream/{what}", content=b"")
                assert answer.status_code == 403, (grant, what)
        assert edge.http.get(f"/live/{ours}/stream/index.m3u8").status_code == 403
        # Nor does anybody bring something who did not take the source.
        assert edge.http.put(f"/transcoding/{ours}/stream/160p/init", content=b"").status_code == 409
        assert edge.http.get(f"/transcoding/{ours}/stream/other").status_code == 404
        assert list(variants(edge)) == ["stream.m3u8"]


def test_what_does_not_follow_is_refused(edge: Edge, make_flv: FlvMaker) -> None:
    with on_air(edge, make_flv(seconds=SECONDS, gop=30, video=ZEROLATENCY)):
        door = f"/transcoding/{transcoding_grant()}/stream"

        def put(what: str, body: bytes = b"x") -> int:
            return edge.http.put(f"{door}/{what}", content=body).status_code

        with edge.http.stream("GET", f"{door}/source") as source:
            records = source.iter_raw()
            next(records)
            assert put("160p/init", b"nonsense") == 400
            assert put("Q!/init", b"") == 400
            assert put("audio/1-0") == 409, "it was not begun"
            assert put("audio/init", b"") == 200
            assert put("audio/99999-0") == 409, "the source has no such part"
            assert put("audio/1-1") == 409, "it begins with a segment"
            assert put("audio/1-0", b"") == 409
            assert put("audio/first") == 404
            msn = media(edge).segments[-1].msn
            assert put(f"audio/{msn}-0") == 200
            assert put(f"audio/{msn}-0") == 409, "twice"
            assert put("audio/1-0", b"x" * (8 * 1024 * 1024 + 1)) == 413
        eventually(lambda: not edge.call(lambda: edge.node._streams["stream"].ladder.renditions))
