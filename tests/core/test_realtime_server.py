"""uvicorn as we start it, from the far end of a TCP connection."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.asyncio.client import connect

from apps.core.realtime.closing import Close
from apps.core.realtime.frames import Outgoing
from apps.core.realtime.hub import Hub
from apps.core.realtime.protocol import EXTENSION, SEND_BUFFER
from apps.core.realtime.server import FRAME_IN_MOST, Server, config
from apps.core.realtime.socket import Refused, Socket
from tests.stack.services import free_port

Running = tuple[Server, str, list[dict[str, Any]]]


class Echo(Socket):
    """Answers `say` by the hub's way and by the server's own in turn."""

    actions = {"say": (dict, "say_back")}

    async def open(self) -> None:
        pass

    async def leave(self) -> None:
        pass

    async def say_back(self, payload: dict[str, Any]) -> None:
        for n in range(3):
            self.connection.write(Outgoing(b'{"raw":%d}' % n))
            await self._send({"type": "websocket.send", "text": json.dumps({"asgi": n})})


@asynccontextmanager
async def serving(
    endpoint: type[Socket] = Echo, **options: Any
) -> AsyncIterator[tuple[Server, str, list[dict[str, Any]]]]:
    """A running server, its address, and the scopes of who came."""
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await endpoint(scope, receive, send).run()

    port = free_port()
    server = Server(config(app, "127.0.0.1", port, **options))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server, f"ws://127.0.0.1:{port}/", scopes
    finally:
        server.should_exit = True
        await task


def story(steps: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        async with asyncio.timeout(20):
            await steps()

    asyncio.run(told())


def test_raw_writes_and_the_server_s_own_keep_their_order() -> None:
    async def steps() -> None:
        async with serving() as (_, address, scopes), connect(address, proxy=None) as line:
            for _ in range(20):
                await line.send('{"type": "say"}')
                got = [json.loads(await line.recv()) for _ in range(6)]
                assert got == [{kind: n} for n in range(3) for kind in ("raw", "asgi")]
            assert EXTENSION in scopes[0]["extensions"]

    story(steps)


def test_no_socket_is_compressed_even_when_it_asks() -> None:
    async def steps() -> None:
        async with serving() as (_, address, _), connect(address, proxy=None, compression="deflate") as line:
            assert "Sec-WebSocket-Extensions" not in line.response.headers
            await line.send('{"type": "say"}')
            assert json.loads(await line.recv()) == {"raw": 0}

    story(steps)


def test_the_kernel_holds_little_for_a_slow_reader() -> None:
    async def steps() -> None:
        async with serving() as (_, address, scopes), connect(address, proxy=None):
            raw = scopes[0]["extensions"][EXTENSION]
            held = raw.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            assert held <= 2 * SEND_BUFFER, "Linux doubles what it is told"

    story(steps)


def test_who_sends_too_much_reads_why_it_ends() -> None:
    async def steps() -> None:
        async with serving() as (_, address, _), connect(address, proxy=None) as line:
            await line.send("x" * (FRAME_IN_MOST + 1))
            await line.wait_closed()
            assert line.close_code == 1009

    story(steps)


def test_who_gives_no_sign_of_life_is_closed_as_idle() -> None:
    handshake = (
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )

    async def steps() -> None:
        async with serving(ws_ping_interval=0.05, ws_ping_timeout=0.1) as (_, address, _):
            port = int(address.rstrip("/").rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(handshake.encode())
            heard = await reader.read()
            assert heard.startswith(b"HTTP/1.1 101")
            close = heard[heard.rindex(b"\x88") :]
            assert int.from_bytes(close[2:4], "big") == 4408
            writer.close()

    story(steps)


def test_who_answers_pings_stays() -> None:
    async def steps() -> None:
        options = {"ws_ping_interval": 0.05, "ws_ping_timeout": 0.5}
        async with serving(**options) as (_, address, _), connect(address, proxy=None) as line:
            await asyncio.sleep(0.7)  # many pings long
            await line.send('{"type": "say"}')
            assert json.loads(await line.recv()) == {"raw": 0}

    story(steps)


def test_a_server_that_stops_tells_its_sockets_and_lets_nobody_in() -> None:
    async def steps() -> None:
        async with serving() as (server, address, _):
            lines = [await connect(address, proxy=None) for _ in range(20)]
            while len(Hub.here().connections) < 20:
                await asyncio.sleep(0.01)
            server.should_exit = True
            for line in lines:
                await line.wait_closed()
                assert line.close_code == 1012
            try:
                await connect(address, proxy=None, open_timeout=2)
            except (OSError, websockets.WebSocketException):
                return
            raise AssertionError("the server still takes connections")

    story(steps)


def test_a_refused_socket_reads_the_number_and_the_reason() -> None:
    class Picky(Echo):
        async def open(self) -> None:
            raise Refused(Close.FORBIDDEN, "Not you.")

    async def steps() -> None:
        async with serving(Picky) as (_, address, _), connect(address, proxy=None) as line:
            await line.wait_closed()
            assert (line.close_code, line.close_reason) == (4403, "Not you.")

    story(steps)
