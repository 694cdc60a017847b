"""Chat clients as the contract wants them: they resume after what they have, and resend what has no ack."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection, connect

from .people import Person

LOST = (OSError, websockets.WebSocketException, asyncio.TimeoutError, EOFError, httpx.HTTPError)


@dataclass
class ChatClient:
    """One viewer of a room who survives whatever the server does.

    `seen` holds every message in the order in which it arrived, each once; `acked` maps the nonces of this
    client's own messages to the `seq` they got. A message that arrives out of turn goes to `holes`. What is
    refused for now is sent again when the refusal says; what is refused for good goes to `refused`, with why.
    """

    url: str
    slug: str
    channel_id: str
    person: Person
    seen: list[dict[str, Any]] = field(default_factory=list)
    acked: dict[str, int] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    last_seq: int | None = None
    connections: int = 0
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    _socket: ClientConnection | None = None
    _retries: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with contextlib.suppress(*LOST):
                await self._one_connection()
            self._socket = None
            self.connected.clear()
            for retry in self._retries.values():
                retry.cancel()  # the next connection begins with all that is pending
            self._retries.clear()
            await asyncio.sleep(0.1)

    async def send(self, content: str) -> str:
        """Queue one message; it is sent now, and again after every reconnect until it is acknowledged."""
        nonce = f"{self.person.username}-{next(self._numbers)}"
        self.pending[nonce] = content
        if self._socket is not None:
            with contextlib.suppress(*LOST):
                await self._transmit(nonce, content)
        return nonce

    async def _transmit(self, nonce: str, content: str) -> None:
        assert self._socket is not None
        frame = {"type": "chat:send", "payload": {"content": content, "nonce": nonce}}
        await self._socket.send(json.dumps(frame))

    async def _one_connection(self) -> None:
        address = f"{self.url}/ws/channels/{self.slug}"
        if self.last_seq is not None:
            address += f"?after={self.last_seq}"
        async with connect(
            address, additional_headers=self.person.bearer, open_timeout=5, compression=None, proxy=None
        ) as socket:
            self.connections += 1
            self._socket = socket
            async for text in socket:
                frames = json.loads(text)
                for frame in frames if isinstance(frames, list) else [frames]:
                    await self._handle(frame)

    async def _handle(self, frame: dict[str, Any]) -> None:
        payload = frame["payload"]
        match frame["type"]:
            case "chat:history":
                await self._resume(payload)
            case "chat:message":
                self._take(payload)
            case "chat:ack":
                self.acked[payload["nonce"]] = payload["seq"]
                self.pending.pop(payload["nonce"], None)
            case "chat:error":
                self.errors.append(payload)
                self._refused(payload)

    def _refused(self, error: dict[str, Any]) -> None:
        nonce = error.get("nonce")
        if nonce not in self.pending:
            return
        if "retryAfter" not in error:
            self.refused[nonce] = error["code"]
            del self.pending[nonce]
        elif nonce not in self._retries:
            self._retries[nonce] = asyncio.create_task(self._send_again(nonce, error["retryAfter"]))

    async def _send_again(self, nonce: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        del self._retries[nonce]
        if nonce in self.pending and self._socket is not None:
            with contextlib.suppress(*LOST):
                await self._transmit(nonce, self.pending[nonce])

    async def _resume(self, history: dict[str, Any]) -> None:
        for message in history["messages"]:
            self._take(message)
        if self.last_seq is None:
            self.last_seq = history["lastSeq"]
        # More was missed than one answer holds: the rest comes page by page.
        while self.last_seq < history["lastSeq"]:
            for message in await asyncio.to_thread(self._page_after, self.last_seq):
                self._take(message)
        self.connected.set()
        for nonce, content in list(self.pending.items()):
            await self._transmit(nonce, content)

    def _page_after(self, seq: int) -> list[dict[str, Any]]:
        answer = self.person.api.get(
            f"/api/channels/{self.channel_id}/messages", params={"after": seq, "limit": 100}
        )
        answer.raise_for_status()
        return answer.json()["data"]

    def _take(self, message: dict[str, Any]) -> None:
        last = self.last_seq
        if last is not None and message["seq"] <= last:
            return  # known: the history and the live frames may overlap
        if last is not None and message["seq"] != last + 1:
            self.holes.append((last, message["seq"]))
        self.last_seq = message["seq"]
        self.seen.append(message)


@contextlib.asynccontextmanager
async def chatting(clients: list[ChatClient]) -> AsyncIterator[None]:
    """All `clients` connected while the block runs."""
    tasks = [asyncio.create_task(client.run()) for client in clients]
    try:
        async with asyncio.timeout(20):
            await asyncio.gather(*(client.connected.wait() for client in clients))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
