"""Pages in the one-process default: nobody's slow request holds up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from aethex import front
from apps.core.realtime.server import Server, config

SIGN_IN = b"POST /sign-in HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"


def pages(environ: Any, start_response: Any) -> list[bytes]:
    """Tells how much it was sent."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(body)).encode()]


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    server = Server(config(front.front(live=None, sockets=None, pages=pages), "127.0.0.1", 0))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def begun(port: int, length: int, sent: bytes = b"") -> tuple[asyncio.StreamReader, Any]:
    """A request of which only so much has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(SIGN_IN % length + sent)
    await writer.drain()
    return reader, writer


async def status_of(reader: asyncio.StreamReader) -> int:
    return int((await asyncio.wait_for(reader.readline(), 10)).split()[1])


def test_who_sends_slowly_keeps_nobody_from_the_pages() -> None:
    async def story() -> None:
        async with served() as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            slow = [await begun(port, 10, b"12345") for _ in range(2 * front.PAGE_THREADS)]
            assert (await client.post("/sign-in", content=b"abc", timeout=10)).text == "3"
            reader, writer = slow[0]
            writer.write(b"67890")
            assert await status_of(reader) == 200
            for _, writer in slow:
                writer.close()

    asyncio.run(story())


def test_a_body_that_does_not_go_on_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "PAUSE_SECONDS", 0.1)

    async def story() -> None:
        async with served() as port:
            reader, writer = await begun(port, 10, b"12345")
            assert await status_of(reader) == 408
            writer.close()

    asyncio.run(story())


def test_bodies_are_bounded_each_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "BODY_MOST", 300_000)
    monkeypatch.setattr(front, "BODIES_MOST", 400_000)

    async def chunked(size: int) -> AsyncIterator[bytes]:
        for _ in range(0, size, 50_000):
            yield b"x" * 50_000

    async def story() -> None:
        async with served() as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.post("/", content=b"x" * 300_000)).text == "300000"
            assert (await client.post("/", content=b"x" * 300_001)).status_code == 413
            assert (await client.post("/", content=chunked(400_000))).status_code == 413, "unannounced"
            waiting = [await begun(port, 300_000, b"x" * 250_000) for _ in range(2)]
            while (answer := await client.post("/", content=b"x" * 250_000)).status_code == 200:
                await asyncio.sleep(0.01)  # what was sent is still on its way
            assert answer.status_code == 503
            assert (await client.post("/", content=b"a form")).text == "6"
            for _, writer in waiting:
                writer.close()
            while (answer := await client.post("/", content=b"x" * 250_000)).status_code == 503:
                await asyncio.sleep(0.01)
            assert answer.text == "250000"

    asyncio.run(asyncio.wait_for(story(), 30))
