"""The edge: what viewers get of a stream that runs elsewhere, and what that costs the node it runs on."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from apps.streams.media import FileArchive, grants
from apps.streams.media.reading import Busy
from apps.streams.media.shelf import Shelf
from apps.streams.media.upstream import Patience
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import LiveEncoder, publish
from tests.streams.media.outpost import FakeNode, Outpost
from tests.streams.media.playlist_rules import check, check_update

PART = "e1-7-3.m4s"
SEGMENT = "e1-7.m4s"
BLOCKING = "stream.m3u8?_HLS_msn=7&_HLS_part=3"
NEXT = "stream.m3u8?_HLS_msn=7&_HLS_part=4"
RENDITION = [f"480p/{name}" for name in (PART, SEGMENT, BLOCKING)]


@pytest.fixture(scope="module")
def _servers() -> Iterator[tuple[FakeNode, Outpost]]:
    with FakeNode() as node, Outpost(node.origin, retry_seconds=0.05, report_seconds=0.1) as edge:
        yield node, edge


@pytest.fixture
def node(_servers: tuple[FakeNode, Outpost]) -> Iterator[FakeNode]:
    """A node that does what the test says, and is asked for every file anew."""
    node, edge = _servers
    yield node
    node.free.set()
    node.answers.clear()
    node.asked.clear()
    node.reports.clear()
    edge.upstream = node.origin
    edge.call(lambda: edge.edge.forget(unused_since=float("inf")))


@pytest.fixture
def edge(_servers: tuple[FakeNode, Outpost], node: FakeNode) -> Outpost:
    """An edge in front of `node` that has nothing yet."""
    return _servers[1]


def waiting(edge: Outpost) -> int:
    """How many requests the edge has not answered yet."""
    return edge.call(lambda: len(edge.server.server_state.tasks))


@pytest.mark.parametrize(
    "name", [PART, SEGMENT, "e1-init0.mp4", "index.m3u8", "stream.m3u8", BLOCKING, *RENDITION]
)
def test_any_number_of_viewers_is_one_request_upstream(node: FakeNode, edge: Outpost, name: str) -> None:
    node.free.clear()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(edge.get, name, viewer=f"v{number}") for number in range(20)]
        eventually(lambda: waiting(edge) == 20)
        node.free.set()
        answers = {(answer.result(10).status_code, answer.result().text) for answer in asked}
    assert answers == {(200, name)}
    assert node.asked[name] == 1
    assert node.viewers == {grants.EDGE}


@pytest.mark.parametrize("name", [PART, SEGMENT, "e1-init0.mp4"])
def test_media_is_fetched_once_and_served_whole_and_in_ranges(
    node: FakeNode, edge: Outpost, name: str
) -> None:
    answer = edge.get(name)
    assert answer.text == name
    assert answer.headers["content-type"] == "video/mp4" and "immutable" in answer.headers["cache-control"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert edge.get(name, headers={"range": "bytes=1-3"}).text == name[1:4]
    assert edge.http.head(edge.path(name)).headers["content-length"] == str(len(name))
    assert node.asked[name] == 1


def test_the_grant_is_asked_for_at_the_edge_too_and_nothing_is_asked_upstream(
    node: FakeNode, edge: Outpost
) -> None:
    assert edge.get(PART).status_code == 200
    assert edge.get(PART, life=-1).status_code == 403
    assert edge.http.get(f"/live/forged/stream/{PART}").status_code == 403
    assert edge.http.get(edge.path(PART).replace("/stream/", "/another/")).status_code == 403
    for nothing in (
        "nothing.m4s",
        "e1-7-3.mp4",
        "E1-7.m4s",
        "e1-init.mp4",
        "../x",
        "e1-7-3.m4s%00",
        f"480P/{PART}",
        f"a/b/{PART}",
    ):
        assert edge.get(nothing).status_code == 404, nothing
    for directives in ("_HLS_part=1", "_HLS_msn=x", "_HLS_msn=-1", "&" * 20):
        assert edge.get(f"stream.m3u8?{directives}").status_code == 400
    assert edge.http.post(edge.path(PART)).status_code == 405
    assert edge.http.options(edge.path(PART)).status_code == 204
    assert node.asked == {PART: 1}


def test_a_query_is_no_way_around_what_others_fetched(node: FakeNode, edge: Outpost) -> None:
    for query in ("?a=1", "?b=2"):
        assert edge.get(PART + query).status_code == 200
    for query in ("_HLS_part=3&_HLS_msn=7", "_HLS_msn=07&_HLS_part=3&x=1"):
        node.answers[BLOCKING] = (200, {"cache-control": "max-age=60"}, b"here")
        assert edge.get(f"stream.m3u8?{query}").text == "here"
    assert node.asked == {PART: 1, BLOCKING: 1}


def test_what_a_playlist_was_waited_for_is_good_as_long_as_it_says_and_what_it_was_not_is_not(
    node: FakeNode, edge: Outpost
) -> None:
    node.answers[BLOCKING] = (200, {"cache-control": "no-cache"}, b"stands still")
    for _ in range(2):
        assert edge.get(BLOCKING).text == "stands still"
    assert node.asked[BLOCKING] == 2
    node.answers[BLOCKING] = (200, {"cache-control": "max-age=60"}, b"has it")
    for _ in range(3):
        assert edge.get(BLOCKING).headers["cache-control"] == "max-age=60"
    assert node.asked[BLOCKING] == 3
    node.answers[NEXT] = (200, {"cache-control": "max-age=1"}, b"has it for a second")
    began = time.monotonic()
    eventually(lambda: edge.get(NEXT).text and node.asked[NEXT] == 2)
    assert time.monotonic() - began > 1


def test_who_leaves_takes_nobody_elses_answer_along(node: FakeNode, edge: Outpost) -> None:
    node.free.clear()
    with ThreadPoolExecutor(1) as pool:
        with socket.create_connection(("127.0.0.1", edge.port)) as impatient:
            impatient.sendall(f"GET {edge.path(PART)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            eventually(lambda: node.asked[PART])
            patient = pool.submit(edge.get, PART)
            eventually(lambda: waiting(edge) == 2)
        eventually(lambda: edge.call(lambda: len(edge.server.server_state.connections)) <= 2)
        node.free.set()
        assert patient.result(10).text == PART
    assert node.asked[PART] == 1


def test_a_packed_playlist_goes_out_packed_and_plain_for_those_who_need_it(
    node: FakeNode, edge: Outpost
) -> None:
    text = b"#EXTM3U " * 1000
    headers = {"content-encoding": "gzip", "vary": "accept-encoding", "cache-control": "no-cache"}
    node.answers["stream.m3u8"] = (200, headers, gzip.compress(text))
    packed = edge.get("stream.m3u8")
    assert packed.content == text and packed.headers["content-encoding"] == "gzip"
    plain = edge.get("stream.m3u8", headers={"accept-encoding": "identity"})
    assert plain.content == text and "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    ("theirs", "ours"), [(400, 400), (404, 404), (503, 503), (403, 502), (500, 502), (302, 502)]
)
def test_what_the_node_refuses_is_refused_in_its_words_or_is_no_answer(
    node: FakeNode, edge: Outpost, theirs: int, ours: int
) -> None:
    node.answers[PART] = (theirs, {}, b"because\n")
    answer = edge.get(PART)
    assert answer.status_code == ours
    assert (answer.text == "because\n") == (theirs == ours)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers.get("retry-after") == ("1" if ours == 503 else None)
    del node.answers[PART]
    eventually(lambda: edge.get(PART).status_code == 200)


def test_a_node_that_is_gone_is_looked_for_anew(node: FakeNode, edge: Outpost) -> None:
    with FakeNode() as before:
        edge.upstream = before.origin
        assert edge.get(PART).status_code == 200
    assert edge.get(SEGMENT).status_code == 502
    edge.upstream = None
    eventually(lambda: edge.get(SEGMENT).status_code == 503)
    assert edge.get(PART).status_code == 200, "what is here is here"
    edge.upstream = node.origin
    eventually(lambda: edge.get(SEGMENT).status_code == 200)
    assert node.asked == {SEGMENT: 1}


def test_a_stream_that_moved_is_followed_while_its_old_node_still_answers(node: FakeNode) -> None:
    with FakeNode() as before, Outpost(before.origin, whereabouts_seconds=0.1, retry_seconds=0.05) as edge:
        assert edge.get("index.m3u8").status_code == 200
        edge.upstream = node.origin
        eventually(lambda: edge.get("index.m3u8").status_code == 200 and node.asked["index.m3u8"])


def test_while_nobody_can_tell_where_a_stream_runs_it_goes_on_from_where_it_was(
    node: FakeNode, edge: Outpost
) -> None:
    edge.upstream = ConnectionError("no database")
    assert edge.get(PART).status_code == 503
    edge.upstream = node.origin
    eventually(lambda: edge.get(PART).status_code == 200)
    for edge.upstream in (ConnectionError("no database"), None):
        edge.call(lambda: setattr(edge.edge._pulls["stream"], "_looked_at", float("-inf")))
        known = edge.located
        assert edge.get(BLOCKING).status_code == 200
        eventually(lambda known=known: edge.located > known)
        assert edge.get("index.m3u8").status_code == 200


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """A server that accepts and says what the test says."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


HASTY: dict[str, Any] = {"patience": Patience(2, 1, 0.3), "retry_seconds": 0.05}


def test_a_node_that_says_nothing_is_not_waited_for(mute: socket.socket) -> None:
    with Outpost(f"http://127.0.0.1:{mute.getsockname()[1]}", **HASTY) as edge:
        began = time.monotonic()
        assert edge.get(PART).status_code == 504
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", 502),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", 504),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"400\r\n" + bytes(1024), 502),
    ],
)
def test_a_node_that_talks_nonsense_or_too_much_or_half_is_given_up(
    mute: socket.socket, said: bytes, status: int
) -> None:
    def talk() -> None:
        with mute.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(said)
            connection.settimeout(5)
            connection.recv(1)

    talking = threading.Thread(target=talk)
    talking.start()
    with Outpost(f"http://127.0.0.1:{mute.getsockname()[1]}", file_bytes=1000, **HASTY) as edge:
        assert edge.get(PART).status_code == status
        talking.join(5)
        assert not talking.is_alive(), "and hung up on"


def test_a_kept_connection_that_was_closed_meanwhile_is_nobodys_trouble(mute: socket.socket) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    def answer_once_each() -> None:
        for _ in range(2):
            with mute.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(answer)
                again.wait(5)

    again = threading.Event()
    answering = threading.Thread(target=answer_once_each)
    answering.start()
    with Outpost(f"http://127.0.0.1:{mute.getsockname()[1]}", **HASTY) as edge:
        assert edge.get(PART).text == "ok"
        again.set()
        assert edge.get(SEGMENT).text == "ok"
        answering.join(5)


def test_more_than_can_be_asked_upstream_is_told_to_come_back(node: FakeNode) -> None:
    with Outpost(node.origin, max_fetches_per_stream=3, max_fetches=5) as edge, ThreadPoolExecutor(6) as pool:
        node.free.clear()
        for stream, count in (("one", 3), ("two", 2)):
            asked = [pool.submit(edge.get, f"e1-{n}-0.m4s", stream=stream) for n in range(count)]
        eventually(lambda: node.asked.total() == 5)
        for stream in ("one", "two", "three"):
            refused = edge.get("e1-9-0.m4s", stream=stream)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        shared = pool.submit(edge.get, "e1-0-0.m4s", stream="one")
        eventually(lambda: waiting(edge) == 6)
        node.free.set()
        assert {answer.result(10).status_code for answer in (*asked, shared)} == {200}
        assert edge.get("e1-9-0.m4s", stream="one").status_code == 200
    assert node.asked.total() == 6


def test_memory_is_bounded_whatever_is_asked_for(node: FakeNode) -> None:
    with Outpost(node.origin, live_bytes=50_000, segment_bytes=50_000) as edge:
        for number in range(20):
            for name in (f"e1-{number}.m4s", f"e1-{number}-0.m4s"):
                node.answers[name] = (200, {}, bytes(9_000))
                assert len(edge.get(name).content) == 9_000
        shelves = edge.edge._live, edge.edge._segments
        assert [shelf.bytes for shelf in shelves] == [45_000, 45_000]
        assert edge.get("e1-0-0.m4s").status_code == 200
        assert node.asked["e1-0-0.m4s"] == 2, "the oldest had to go"
        edge.call(lambda: edge.edge.forget(unused_since=float("inf")))
        assert [shelf.bytes for shelf in shelves] == [0, 0]


def test_what_is_on_loan_stays_and_counts() -> None:
    shelf = Shelf(100)
    first, second = shelf.put("s/1", bytes(60)), shelf.put("s/2", bytes(40))
    with shelf.lend(first):
        shelf.put("s/3", bytes(30))
        assert shelf.find("s/1") is first and shelf.find("s/2") is None
        with pytest.raises(Busy):
            shelf.put("s/4", bytes(50))
        assert shelf.find("s/4") is None and shelf.bytes <= 100
    with shelf.lend(second):
        assert shelf.find("s/2") is second, "it was pushed out before it could be taken"
    shelf.drop("s/")
    assert shelf.bytes == 0


def test_a_viewer_who_takes_nothing_of_a_segment_loses_the_connection(node: FakeNode) -> None:
    node.answers[SEGMENT] = (200, {}, bytes(8_000_000))
    with Outpost(node.origin, stall_seconds=0.5) as edge:
        with socket.create_connection(("127.0.0.1", edge.port)) as stalled:
            stalled.sendall(f"GET {edge.path(SEGMENT)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            eventually(lambda: edge.call(lambda: any(f.readers for f in edge.edge._segments._files.values())))
            eventually(lambda: waiting(edge) == 0)
        assert not any(file.readers for file in edge.edge._segments._files.values())


def test_a_closing_edge_lets_everybody_go_at_once(node: FakeNode) -> None:
    node.free.clear()
    with Outpost(node.origin) as edge, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(edge.get, name) for name in (PART, BLOCKING)]
        eventually(lambda: node.asked.total() == 2)
        began = time.monotonic()
        edge.do(edge.edge.stop())
        assert {answer.result(3).status_code for answer in asked} == {503}
        assert time.monotonic() - began < 2
        assert edge.get("index.m3u8").status_code == 503
    node.free.set()


def test_upstream_is_told_who_fetched_and_only_that(node: FakeNode, edge: Outpost) -> None:
    def told() -> set[str]:
        return {viewer for report in node.reports["watched"] for viewer in report["fetching"]}

    def get(name: str, viewer: str) -> None:
        assert edge.get(name, stream="watched", viewer=viewer).status_code == 200

    get("stream.m3u8", "reads")
    get("e1-init0.mp4", "prepares")
    # Who is told of comes last: with them, or before, the others would be.
    for viewer in (grants.UNCOUNTED, "one", "one", "two"):
        get(PART, viewer)
    eventually(lambda: "two" in told())
    assert told() == {"one", "two"}
    assert not any(report["following"] for report in node.reports["watched"])
    node.reports["watched"].clear()
    get(SEGMENT, "three")
    eventually(told)
    assert told() == {"three"}, "who left is not told again"


# A real node behind


def test_edges_behind_edges_show_what_the_node_shows_and_count_for_it(make_flv: FlvMaker) -> None:
    with (
        Edge() as node,
        Outpost(f"http://127.0.0.1:{node.http_port}", report_seconds=0.1) as inner,
        Outpost(inner.origin, report_seconds=0.1) as outer,
    ):
        encoder = LiveEncoder(node, make_flv(seconds=8))
        eventually(lambda: node.gate.lives)
        assert outer.get("index.m3u8").text.startswith("#EXTM3U")
        seen = check(outer.get("stream.m3u8").text)
        for _ in range(8):
            msn, part = next_part(node)
            newer = check(outer.get(f"stream.m3u8?_HLS_msn={msn}&_HLS_part={part}").text)
            check_update(seen, newer)
            seen = newer
        hint = seen.hint
        assert hint is not None
        assert outer.get(hint, viewer="far").content == node.get(hint, viewer="near").content
        eventually(lambda: node.call(node.node.watching, "stream").fetching == {"far", "near"})
        msn, part = next_part(node)
        assert outer.get(f"stream.m3u8?_HLS_msn={msn + 5}").status_code == 400
        with ThreadPoolExecutor(1) as pool:
            last = pool.submit(outer.get, f"stream.m3u8?_HLS_msn={msn + 1}")
            eventually(lambda: waiting(inner))
            node.call(node.node.end, "stream")
            assert check(last.result(5).text).ended
        encoder.stop()


def test_viewers_at_an_edge_are_woken_as_those_at_the_node_are(make_flv: FlvMaker) -> None:
    def woken(where: Any, query: str) -> float:
        assert where.get(f"stream.m3u8?{query}").status_code == 200
        return time.monotonic()

    with (
        Edge() as node,
        Outpost(f"http://127.0.0.1:{node.http_port}") as edge,
        ThreadPoolExecutor(2) as pool,
    ):
        encoder = LiveEncoder(node, make_flv(seconds=8))
        eventually(lambda: node.gate.lives)
        delays = []
        for _ in range(12):
            msn, part = next_part(node)
            query = f"_HLS_msn={msn}&_HLS_part={part}"
            at_node, at_edge = (pool.submit(woken, where, query) for where in (node, edge))
            delays.append(at_edge.result(5) - at_node.result(5))
        encoder.stop()
    assert sorted(delays)[len(delays) // 2] < 0.05, delays


def test_the_past_comes_through_an_edge_too(make_flv: FlvMaker, tmp_path: Path) -> None:
    short = {"target_duration": 2, "window_seconds": 8.0}
    with (
        Edge(gate=MemoryGate(recording=True), archive=FileArchive(tmp_path), **short) as node,
        Outpost(f"http://127.0.0.1:{node.http_port}") as edge,
    ):
        publish(node, make_flv(seconds=20, gop=30, size="128x72"))
        eventually(lambda: node.gate.interruptions)
        eventually(lambda: not node.call(lambda: node.node._streams["stream"].window._leaving))
        oldest = check(edge.get("stream.m3u8").text).segments[0]
        assert oldest.uri is not None and oldest.map is not None
        assert node.call(lambda: node.node._streams["stream"].window.find(oldest.msn)) is None
        with ThreadPoolExecutor(8) as pool:
            whole = {one.content for one in pool.map(lambda _: edge.get(oldest.uri), range(20))}
        assert whole == {node.get(oldest.uri).content}
        assert edge.get(oldest.map).content == node.get(oldest.map).content


def next_part(node: Edge) -> tuple[int, int]:
    msn, part = node.call(lambda: node.node._streams["stream"].window.next_part)
    return msn, part
