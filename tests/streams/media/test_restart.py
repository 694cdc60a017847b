"""A node that stops and starts again, and what its viewers see of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from apps.streams.media import FileArchive
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import LiveEncoder, publish
from tests.streams.media.playlist_rules import check


def test_a_stopping_node_lets_its_viewers_go_without_ending_the_stream(make_flv: FlvMaker) -> None:
    with Edge() as edge:
        encoder = LiveEncoder(edge, make_flv(seconds=8))
        eventually(lambda: edge.gate.lives)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(edge.get, "stream.m3u8?_HLS_msn=3")
            eventually(lambda: edge.call(lambda: edge.node._streams["stream"].window._waiting))
            began = time.monotonic()
            edge.call(edge.node.let_go)
            answer = waiting.result(3)
        assert answer.status_code == 503 and time.monotonic() - began < 1
    eventually(encoder.gone.is_set)
    assert edge.gate.interruptions[0][2] == "shutdown"
    assert not edge.gate.ends


def test_numbers_and_names_go_on_after_a_restart(make_flv: FlvMaker, tmp_path: Path) -> None:
    tags = make_flv(seconds=3)
    seen = []
    for _ in range(2):
        with Edge(gate=MemoryGate(recording=True), archive=FileArchive(tmp_path)) as edge:
            publish(edge, tags)
            eventually(lambda: edge.gate.interruptions)
            seen.append(check(edge.get("stream.m3u8").text))
    before, after = seen
    new = [segment for segment in after.segments if segment.msn > before.segments[-1].msn and not segment.gap]
    assert new[0].msn > before.segments[-1].msn + 1
    assert new[0].discontinuity
    names = {segment.uri for segment in before.segments} & {segment.uri for segment in new}
    assert not names, "no name is given out twice"


def test_a_stream_that_is_about_to_begin_is_worth_asking_again(make_flv: FlvMaker) -> None:
    with Edge() as edge:
        publish(edge, make_flv(seconds=3)[:12])
        eventually(lambda: edge.gate.claims)
        assert edge.get("index.m3u8").status_code == 503
        # Whoever signed the grant knew the stream: its encoder may come back to this node any moment.
        assert edge.get("index.m3u8", stream="unknown").status_code == 503
