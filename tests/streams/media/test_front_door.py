"""A real nginx with deploy/nginx/aethex.conf before an edge: copies for all, nobody is let in unasked."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.streams.media import grants
from tests.stack.environment import environment
from tests.stack.running import Process, front_door
from tests.stack.services import free_port
from tests.streams.media.edge import eventually
from tests.streams.media.outpost import FakeNode, Outpost, Served

PART, SEGMENT = "e1-7-3.m4s", "e1-7.m4s"
BLOCKING = "stream.m3u8?_HLS_msn=7&_HLS_part=3"


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode() as node:
        yield node
        node.free.set()


@pytest.fixture
def edge(node: FakeNode) -> Iterator[Outpost]:
    with Outpost(node.origin, cached_in_front=True, report_seconds=60) as edge:
        yield edge


@pytest.fixture
def front(node: FakeNode, edge: Outpost, tmp_path: Path) -> Iterator[httpx.Client]:
    """Somebody outside."""
    names = ("web", "socket1", "socket2")
    ports = {name: free_port() for name in names} | {"edge": edge.port, "ingest": node.port}
    with outside(ports, tmp_path) as client:
        yield client


@contextmanager
def outside(ports: dict[str, int], folder: Path) -> Iterator[httpx.Client]:
    """Somebody outside of an nginx in front of these."""
    port = free_port()
    nginx: Process = front_door(ports | {"front": port}, folder, environment())

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    nginx.start()
    try:
        eventually(listens)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield client
    finally:
        nginx.stop()


@pytest.mark.parametrize("name", [PART, SEGMENT, "e1-init0.mp4"])
def test_media_is_kept_once_and_every_viewer_is_asked_for_a_grant_and_counted(
    edge: Outpost, front: httpx.Client, name: str
) -> None:
    viewers = [f"v{number}" for number in range(5)]
    # A viewer's two come one after the other: an answer is good for five seconds.
    for viewer in sorted(viewers * 2):
        answer = front.get(edge.path(name, viewer=viewer))
        assert (answer.status_code, answer.text) == (200, name)
        assert answer.headers["access-control-allow-origin"] == "*"
    assert front.get(edge.path(name), headers={"range": "bytes=1-2"}).text == name[1:3]
    assert edge.asked[name] == 1, "whoever's grant it was"
    # Six viewers. On a machine that stands still for seconds one of them may be asked about twice.
    assert 6 <= edge.asked["check"] <= 8, "each viewer once in five seconds"
    watching = edge.call(edge.edge._pulls["stream"].watchers.now)
    assert watching.fetching >= set(viewers), "also those who were given a copy"

    path = edge.path(name)
    for refused in (
        edge.path(name, life=-1),
        path.replace("/stream/", "/another/"),
        f"/live/forged/stream/{name}",
    ):
        answer = front.get(refused)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (403, "*")


def test_nobody_outside_may_ask_what_counts_as_watched(edge: Outpost, front: httpx.Client) -> None:
    assert front.get(edge.path("check")).status_code == 404
    assert front.get(edge.path("index.m3u8")).status_code == 200
    assert not edge.asked["check"]


def test_without_a_cache_in_front_there_is_nothing_to_ask(node: FakeNode) -> None:
    with Outpost(node.origin) as edge:
        assert edge.get("check").status_code == 404


def test_waiting_playlists_go_straight_through(node: FakeNode, edge: Outpost, front: httpx.Client) -> None:
    node.free.clear()
    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(front.get, edge.path(BLOCKING, viewer=f"v{number}")) for number in range(10)]
        eventually(lambda: edge.asked["stream.m3u8"] == 10)
        node.free.set()
        began = time.monotonic()
        assert {answer.result(5).status_code for answer in asked} == {200}
    assert time.monotonic() - began < 0.4, "a locked cache would be looked at only every half second"
    assert node.asked[BLOCKING] == 1


def test_while_no_edge_is_up_the_node_steps_in(node: FakeNode, edge: Outpost, front: httpx.Client) -> None:
    path = edge.path("index.m3u8", viewer="one")
    assert front.get(path).status_code == 200 and node.viewers == {grants.EDGE}
    edge.do(edge.edge.stop())
    edge.server.should_exit = True
    edge._thread.join(10)
    assert front.get(path).status_code == 200 and "one" in node.viewers


def test_addresses_that_hold_a_secret_are_not_logged(
    edge: Outpost, front: httpx.Client, tmp_path: Path
) -> None:
    secrets = [
        "/auth/password/reset/1a-c0ffee",
        "/auth/verify/MQ:c0ffee",
        "/stills/c0ffee/a.webp",
        "/ws/channels/night-drive?ticket=c0ffee",
        "/live/c0ffee/stream/index.m3u8",
        f"/live/c0ffee/stream/{PART}",
    ]
    for path in [*secrets, "/auth/password/reset", "/c/night-drive"]:
        front.get(path)
    log = tmp_path / "access.log"
    eventually(lambda: "/c/night-drive" in log.read_text())
    assert "GET /auth/password/reset HTTP" in log.read_text()
    assert "c0ffee" not in log.read_text()


class Anything(Served):
    """All that nginx may have behind it; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[bytes, bytes]]] = []

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append((scope["type"], dict(scope["headers"])))
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close"})
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_only_sockets_change_the_protocol(tmp_path: Path) -> None:
    """What follows the wish for another one would be read as the next person's request."""
    wish = {"Connection": "Upgrade", "Sec-WebSocket-Key": "A" * 22 + "==", "Sec-WebSocket-Version": "13"}
    with Anything() as behind:
        names = ("web", "socket1", "socket2", "edge", "ingest")
        with outside(dict.fromkeys(names, behind.port), tmp_path) as client:
            for path in ("/", "/live/grant/stream/index.m3u8", f"/live/grant/stream/{PART}", "/ws/room"):
                client.get(path, headers=wish | {"Upgrade": "h2c"})
            for path in ("/", "/live/grant/stream/index.m3u8"):
                client.get(path, headers=wish | {"Upgrade": "WebSocket"})
            assert len(behind.asked) >= 6
            for kind, headers in behind.asked:
                assert kind == "http" and b"upgrade" not in headers
                assert headers.get(b"connection") != b"upgrade"
            client.get("/ws/room", headers=wish | {"Upgrade": "WebSocket"})
            kind, headers = behind.asked[-1]
            assert kind == "websocket" and headers[b"x-forwarded-proto"] == b"http"
            assert headers[b"host"] == client.base_url.netloc
