"""The short way past ASGI says the same as the long one, in the same order, and lets nobody in unasked."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder, publish

LONG = {"content-length": "0"}
"""A header that players do not send with a GET: such requests go the long way."""


@pytest.fixture
def paused(edge: Edge, make_flv: FlvMaker) -> Edge:
    """A stream whose encoder is away: nothing of it changes."""
    publish(edge, make_flv(seconds=8, size="160x90"), clean=False)
    eventually(lambda: edge.gate.interruptions)
    return edge


@pytest.fixture
def on_air(edge: Edge, make_flv: FlvMaker) -> Iterator[Edge]:
    encoder = LiveEncoder(edge, make_flv(seconds=30, size="160x90"))
    eventually(lambda: edge.gate.lives)
    yield edge
    encoder.stop()


def told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but its date."""
    headers = [(name, value) for name, value in answer.headers.multi_items() if name != "date"]
    return answer.status_code, sorted(headers), answer.content


def parts_of(playlist: str) -> list[str]:
    return [line.split('URI="')[1].split('"')[0] for line in playlist.splitlines() if "#EXT-X-PART:" in line]


def coming(edge: Edge) -> tuple[str, str]:
    """The query for the playlist that has the next part, and that part's name."""
    text = edge.get("stream.m3u8").text
    hint = text.split("#EXT-X-PRELOAD-HINT:")[1].split('URI="')[1].split('"')[0]
    msn, part = hint.removesuffix(".m4s").split("-")[1:]
    return f"stream.m3u8?_HLS_msn={msn}&_HLS_part={part}", hint


@pytest.mark.parametrize("packing", ["gzip", "identity"])
@pytest.mark.parametrize(
    "query", ["_HLS_msn=1&_HLS_part=0", "_HLS_msn=1", "_HLS_msn=1&_HLS_part=1&_HLS_skip=YES"]
)
def test_a_playlist_that_is_there_is_the_same(paused: Edge, query: str, packing: str) -> None:
    path, packed = paused.path(f"stream.m3u8?{query}"), {"accept-encoding": packing}
    short = paused.http.get(path, headers=packed)
    assert paused.went_long == []
    long = paused.http.get(path, headers=packed | LONG)
    assert len(paused.went_long) == 1
    assert short.status_code == 200 and told(short) == told(long)


def test_so_it_is_for_who_names_what_it_unpacks_in_two_lines(paused: Edge) -> None:
    path = paused.path("stream.m3u8?_HLS_msn=1")
    lines = [("accept-encoding", "gzip"), ("accept-encoding", "br")]
    short = paused.http.get(path, headers=lines)
    assert paused.went_long == []
    assert short.headers["content-encoding"] == "gzip"
    assert told(short) == told(paused.http.get(path, headers=[*lines, *LONG.items()]))


def test_so_is_a_part_and_its_viewer_counts(paused: Edge) -> None:
    name = parts_of(paused.get("stream.m3u8").text)[-1]
    paused.went_long.clear()
    short = paused.get(name, viewer="short")
    assert paused.went_long == []
    assert told(short) == told(paused.http.get(paused.path(name), headers=LONG))
    assert short.content[4:8] == b"moof"
    watching = paused.call(lambda: paused.node._streams["stream"].watchers.now())
    assert watching.fetching == {"short", "viewer"}


@pytest.mark.parametrize(
    "name",
    [
        "index.m3u8",
        "stream.m3u8",
        "stream.m3u8?_HLS_msn=900",
        "stream.m3u8?_HLS_part=1",
        "stream.m3u8?_HLS_msn=x",
        "stream.m3u8?&&&&&&&&&&&&&&&&&&&&",
        "720p/stream.m3u8?_HLS_msn=1",
        "e0-1-0.m4s",
        "nothing.m4s",
        "%2e%2e/stream.m3u8?_HLS_msn=1",
    ],
)
def test_everything_else_goes_the_long_way(paused: Edge, name: str) -> None:
    paused.get(name)
    assert len(paused.went_long) == 1


@pytest.mark.parametrize("headers", [{"range": "bytes=0-9"}, {"expect": "100-continue"}, LONG])
def test_so_does_a_request_that_wants_more_than_a_file(paused: Edge, headers: dict[str, str]) -> None:
    name = parts_of(paused.get("stream.m3u8").text)[-1]
    paused.went_long.clear()
    answer = paused.http.get(paused.path(name), headers=headers)
    assert answer.status_code == (206 if "range" in headers else 200)
    assert len(paused.went_long) == 1


@pytest.mark.parametrize("change", [{"life": -1.0}, {"stream": "other"}])
def test_nobody_is_let_in_without_a_good_grant(paused: Edge, change: dict[str, float | str]) -> None:
    name = parts_of(paused.get("stream.m3u8").text)[-1]
    for wanted in (name, "stream.m3u8?_HLS_msn=1&_HLS_part=0"):
        path = paused.path(wanted, **change)  # type: ignore[arg-type]
        if "stream" in change:  # a grant for another stream, shown for this one
            path = path.replace("/other/", "/stream/")
        assert paused.http.get(path).status_code == 403


def test_a_playlist_that_comes_next_is_waited_for(on_air: Edge) -> None:
    query, part = coming(on_air)
    on_air.went_long.clear()
    answer = on_air.get(query)
    assert answer.status_code == 200 and part in parts_of(answer.text)
    assert on_air.went_long == []


def test_what_is_asked_behind_it_is_answered_behind_it(on_air: Edge) -> None:
    """Pipelined, in one packet: each in its turn, the first of them after a wait."""
    query, part = coming(on_air)
    known = parts_of(on_air.get("stream.m3u8").text)[0]
    with socket.create_connection(("127.0.0.1", on_air.http_port), 10) as line:
        wanted = [on_air.path(query), on_air.path(known), on_air.path("index.m3u8")]
        line.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in wanted))
        got = [next_answer(line) for _ in wanted]
    assert part.encode() in got[0]
    assert got[1][4:8] == b"moof"
    assert b"#EXT-X-STREAM-INF" in got[2]


def test_who_leaves_while_waiting_holds_up_nobody(on_air: Edge, caplog: pytest.LogCaptureFixture) -> None:
    query, part = coming(on_air)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", on_air.http_port), 10) as line:
            line.sendall(f"GET {on_air.path(query)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert part in parts_of(on_air.get(query).text)
    assert on_air.get(coming(on_air)[0]).status_code == 200
    assert not caplog.records


def test_a_node_that_stops_lets_go_who_waits(paused: Edge) -> None:
    query, _ = coming(paused)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(paused.get, query)
        eventually(lambda: paused.call(lambda: paused.node._streams["stream"].window._waiting))
        paused.call(paused.node.let_go)
        answer = waiting.result(10)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
    assert paused.went_long[1:] == []


def next_answer(line: socket.socket) -> bytes:
    """The body of the next answer on a connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += line.recv(1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
    size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = b""
    while len(body) < size:
        body += line.recv(size - len(body))
    return body
