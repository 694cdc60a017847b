"""HTTP as our server speaks it: every request its answer, in order, and an end to whoever does not go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from apps.core.realtime.express import Header
from apps.core.realtime.server import Server, config

HANDSHAKE = (
    b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Reply(NamedTuple):
    status: int
    headers: list[Header]
    body: bytes


class Site:
    """Answers each path with itself: `/slow` when it is `free`, `/short…` past ASGI. Lets every socket in."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """Paths that came by way of ASGI."""
        self.is_waited_for, self.free = asyncio.Event(), asyncio.Event()

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        path: str = scope["path"]
        self.asked.append(path)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        if path == "/slow":
            self.is_waited_for.set()
            await self.free.wait()
        headers = [(b"content-length", b"%d" % len(path))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": path.encode()})

    def express(self, target: bytes, headers: list[Header], answer: Callable[[Any], None]) -> bool:
        if not target.startswith(b"/short"):
            return False
        answer(Reply(200, [(b"content-length", b"%d" % len(target))], target))
        return True


class Line(NamedTuple):
    """A connection to a site."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def next_answer(self) -> str:
        """The path that is answered."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        size = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        return (await self.reader.readexactly(size)).decode()


Connect = Callable[[], Awaitable[Line]]


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[Site, Connect]]:
    site, lines = Site(), list[Line]()
    server = Server(config(site.app, "127.0.0.1", 0, express=site.express, interface="asgi3", **options))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def connect() -> Line:
        lines.append(Line(*await asyncio.open_connection("127.0.0.1", port)))
        return lines[-1]

    try:
        async with asyncio.timeout(10):
            yield site, connect
    finally:
        site.free.set()
        for line in lines:
            line.writer.close()
        server.should_exit = True
        await running


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def test_what_follows_the_wish_for_another_protocol_is_no_request() -> None:
    async def steps() -> None:
        async with serving() as (site, connect):
            line = await connect()
            line.writer.write(
                b"POST /slow HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n"
                b"Content-Length: 400\r\n\r\n"
            )
            await site.is_waited_for.wait()
            line.writer.write(b"\r\n" + get("/in-its-body"))
            another = await connect()
            another.writer.write(get("/other"))
            assert await another.next_answer() == "/other", "so what was sent before it is read by now"
            site.free.set()
            heard = await line.reader.read()
            assert heard.startswith(b"HTTP/1.1 200 OK\r\n") and heard.endswith(b"\r\n\r\n/slow")
            assert b"\r\nconnection: close\r\n" in heard
            assert site.asked == ["/slow", "/other"]

    asyncio.run(steps())


def test_who_does_not_finish_a_later_request_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.realtime.upgrade.HEAD_SECONDS", 0.2)

    async def steps() -> None:
        async with serving() as (site, connect):
            for first in ("/long", "/short"):
                line = await connect()
                line.writer.write(get(first))
                assert await line.next_answer() == first
                line.writer.write(b"G")
                assert await line.reader.read() == b""
            line = await connect()
            line.writer.write(get("/long"))
            assert await line.next_answer() == "/long"
            line.writer.write(b"G")
            line.writer.write(get("/slow")[1:])
            await site.is_waited_for.wait()
            await asyncio.sleep(0.4)  # the clock must have stopped with the head
            site.free.set()
            assert await line.next_answer() == "/slow"

    asyncio.run(steps())


def test_a_connection_is_not_idle_while_a_request_waits_behind_a_short_answer() -> None:
    async def steps() -> None:
        async with serving(timeout_keep_alive=0.1) as (site, connect):
            line = await connect()
            line.writer.write(get("/short") + get("/slow"))
            assert await line.next_answer() == "/short"
            await site.is_waited_for.wait()
            await asyncio.sleep(0.4)  # longer than a connection may be idle
            site.free.set()
            assert await line.next_answer() == "/slow"
            assert await line.reader.read() == b"", "now it is"

    asyncio.run(steps())


def test_of_many_requests_in_one_read_one_is_answered_at_once_and_all_in_order() -> None:
    async def steps() -> None:
        async with serving() as (site, connect):
            line, wanted = await connect(), [f"/short/{number}" for number in range(20)]
            line.writer.write(b"".join(map(get, wanted)))
            assert [await line.next_answer() for _ in wanted] == wanted
            assert site.asked == wanted[1:]
            line.writer.write(get("/short/again"))
            assert await line.next_answer() == "/short/again"
            assert site.asked == wanted[1:], "the next read has its own"

    asyncio.run(steps())


def test_a_handshake_is_taken_behind_an_answered_request_and_not_before_the_answer() -> None:
    async def steps() -> None:
        async with serving() as (site, connect):
            line = await connect()
            line.writer.write(get("/long"))
            assert await line.next_answer() == "/long"
            line.writer.write(HANDSHAKE)
            assert (await line.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 101 ")
            hasty = await connect()
            hasty.writer.write(get("/slow") + HANDSHAKE)
            assert (await hasty.reader.read()).startswith(b"HTTP/1.1 400 ")
            assert site.asked.count("/socket") == 1

    asyncio.run(steps())
