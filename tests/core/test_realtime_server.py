"""uvicorn as we start it, from the far end of a TCP connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from apps.core.realtime import deflate
from apps.core.realtime.closing import Close
from apps.core.realtime.frames import Outgoing
from apps.core.realtime.hub import Hub
from apps.core.realtime.protocol import EXTENSION, SEND_BUFFER
from apps.core.realtime.server import FRAME_IN_MOST, Server, config
from apps.core.realtime.socket import Action, Door, Refused, Socket
from tests.stack.services import free_port

Running = tuple[Server, str, list[dict[str, Any]]]


class Visit:
    def __init__(self, socket: Socket) -> None:
        self.socket = socket


async def enter(visit: Visit) -> None:
    pass


def leave(visit: Visit) -> None:
    pass


async def say_back(visit: Visit, payload: dict[str, Any]) -> None:
    """Answer by the hub's way and by the server's own in turn."""
    for n in range(3):
        visit.socket.connection.write(Outgoing(b'{"raw":%d}' % n))
        await visit.socket._send({"type": "websocket.send", "text": json.dumps({"asgi": n})})


LONG = json.dumps({"content": "What is told to many is compressed. " * 10}).encode()


async def tell_all(visit: Visit, payload: dict[str, Any]) -> None:
    """What everybody gets, and what only this one does."""
    to_all, to_one = Outgoing(LONG, for_many=True), Outgoing(LONG)
    for connection in Hub.here().connections:
        connection.write(to_all)
    visit.socket.connection.write(to_one)


ACTIONS = {"say": Action(dict, say_back), "tell": Action(dict, tell_all)}
ECHO = Door(begin=Visit, enter=enter, leave=leave, actions=ACTIONS)


@asynccontextmanager
async def serving(
    door: Door[Visit] = ECHO, **options: Any
) -> AsyncIterator[tuple[Server, str, list[dict[str, Any]]]]:
    """A running server, its address, and the scopes of who came."""
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await door(scope, receive, send)

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


@pytest.mark.parametrize(
    ("offer", "is_taken"),
    [
        ("permessage-deflate; client_max_window_bits", True),
        ("permessage-deflate", True),
        ('permessage-deflate;client_max_window_bits="10" ; server_no_context_takeover', True),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", True),
        ("permessage-deflate; server_max_window_bits=10", False),
        ("permessage-deflate; client_max_window_bits=99", False),
        ("permessage-deflate; server_no_context_takeover=1", False),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", False),
        ("permessage-deflate; faster", False),
        ("permessage-deflate;", False),
        ("x-webkit-deflate-frame", False),
        ("\u00ff", False),
    ],
)
def test_compression_is_agreed_on_when_an_offer_fits(offer: str, is_taken: bool) -> None:
    async def steps() -> None:
        async with serving() as (_, address, _):
            port = int(address.rstrip("/").rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            line = f"Sec-WebSocket-Extensions: {offer}\r\n".encode("latin-1")
            writer.write(HANDSHAKE.removesuffix(b"\r\n") + line + b"\r\n")
            answer = await reader.readuntil(b"\r\n\r\n")
            writer.close()
            assert answer.startswith(b"HTTP/1.1 101")
            assert (deflate.ANSWER in answer) == is_taken

    story(steps)


def test_what_many_are_told_is_compressed_for_those_who_agreed() -> None:
    async def steps() -> None:
        async with (
            serving() as (_, address, scopes),
            connect(address, proxy=None, compression="deflate") as packed,
            connect(address, proxy=None, compression=None) as plain,
        ):
            await (await packed.ping())
            written: list[bytes] = []
            transport = scopes[0]["extensions"][EXTENSION].transport
            scopes[0]["extensions"][EXTENSION].transport = Overheard(transport, written)
            await packed.send(json.dumps({"type": "tell", "payload": {"padding": "x" * 500}}))
            assert [await packed.recv(), await packed.recv(), await plain.recv()] == [LONG.decode()] * 3
            to_all, to_one = written
            assert to_all[0] == 0xC1 and len(to_all) < len(LONG) / 3, "compressed"
            assert to_one[0] == 0x81, "nobody else's words are beside somebody's own"

    story(steps)


class Overheard:
    """A transport, and what is written to it."""

    def __init__(self, transport: Any, written: list[bytes]) -> None:
        self._transport, self._written = transport, written

    def write(self, data: bytes) -> None:
        self._written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


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


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def answer_to(address: str, data: bytes) -> bytes:
    """All that the server answers to these bytes until it closes."""
    port = int(address.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    heard = await reader.read()
    writer.close()
    return heard


def goodbye(heard: bytes) -> int:
    """The code of the close frame at the end."""
    close = heard[heard.rindex(b"\x88") :]
    return int.from_bytes(close[2:4], "big")


def test_who_gives_no_sign_of_life_is_closed_as_idle() -> None:
    async def steps() -> None:
        async with serving(ws_ping_interval=0.05, ws_ping_timeout=0.1) as (_, address, _):
            heard = await answer_to(address, HANDSHAKE)
            assert heard.startswith(b"HTTP/1.1 101")
            assert goodbye(heard) == 4408

    story(steps)


def test_what_comes_right_behind_the_handshake_is_read() -> None:
    async def steps() -> None:
        async with serving() as (_, address, _):
            say = Frame(Opcode.TEXT, b'{"type": "say"}').serialize(mask=True)
            bye = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True)
            heard = await answer_to(address, HANDSHAKE + say + bye)
            assert b'{"raw":0}' in heard
            assert goodbye(heard) == 1000

    story(steps)


def test_bytes_that_are_no_frames_end_with_the_reason() -> None:
    async def steps() -> None:
        async with serving() as (_, address, _):
            not_utf_8 = Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True)
            for garbage, code in ((b"\xff" * 200, 1002), (b"\x81\x05hello", 1002), (not_utf_8, 1007)):
                assert goodbye(await answer_to(address, HANDSHAKE + garbage)) == code

    story(steps)


def test_pings_are_answered_the_newest_for_all() -> None:
    async def steps() -> None:
        async with serving() as (_, address, _):
            pings = b"".join(Frame(Opcode.PING, b"%04d" % n).serialize(mask=True) for n in range(5_000))
            bye = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True)
            heard = await answer_to(address, HANDSHAKE + pings + bye)
            assert len(heard) < len(pings) / 2

    story(steps)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Version: 13", b"Version: 8"),
        (b"AAAAAAAAAAAAAAAAAAAAAA==", b"short"),
        (b"GET /", b"POST /"),
    ],
    ids=["version", "key", "method"],
)
def test_a_handshake_that_is_none_is_refused(old: bytes, new: bytes) -> None:
    async def steps() -> None:
        async with serving() as (_, address, scopes):
            heard = await answer_to(address, HANDSHAKE.replace(old, new))
            assert heard.startswith(b"HTTP/1.1 400")
            assert not scopes

    story(steps)


def test_a_request_whose_head_never_ends_is_not_collected() -> None:
    async def steps() -> None:
        async with serving() as (_, address, scopes):
            with contextlib.suppress(ConnectionError):  # it is cut while it still sends
                await answer_to(address, b"GET / HTTP/1.1\r\nPadding: " + b"x" * 2_000_000)
            assert not scopes

    story(steps)


def test_who_never_finishes_a_request_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.realtime.upgrade.HEAD_SECONDS", 0.2)

    async def steps() -> None:
        async with serving() as (_, address, _):
            assert await answer_to(address, b"") == b""
            assert await answer_to(address, HANDSHAKE[:50]) == b""
            async with connect(address, proxy=None) as line:
                await asyncio.sleep(0.4)  # the clock must have stopped with the handshake
                await line.send('{"type": "say"}')
                assert json.loads(await line.recv()) == {"raw": 0}

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
    async def refuse(visit: Visit) -> None:
        raise Refused(Close.FORBIDDEN, "Not you.")

    async def steps() -> None:
        async with (
            serving(replace(ECHO, enter=refuse)) as (_, address, _),
            connect(address, proxy=None) as line,
        ):
            await line.wait_closed()
            assert (line.close_code, line.close_reason) == (4403, "Not you.")

    story(steps)


def test_a_request_that_waits_for_something_does_not_hold_up_the_end() -> None:
    async def steps() -> None:
        asked, let_go = asyncio.Event(), asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            asked.set()
            await let_go.wait()
            await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

        port = free_port()
        server = Server(config(app, "127.0.0.1", port), leaving=let_go.set)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asked.wait()
        server.should_exit = True
        async with asyncio.timeout(3):
            await task
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        writer.close()

    story(steps)
