"""A whole live edge for tests: a node behind a real HTTP server, with a gate that lives in memory."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from apps.core.realtime import server
from apps.streams.media import (
    Admission,
    Archive,
    DoorLimits,
    IngestNode,
    MediaConfig,
    Recorded,
    Refused,
    SilentFor,
    StreamInfo,
    grants,
)

GRANT_KEY, TRANSCODING_KEY = b"k" * 32, b"t" * 32


@dataclass
class MemoryGate:
    """Admits the keys it knows; remembers what it was told. `keys` maps a stream key to a stream id."""

    keys: dict[str, str] = field(default_factory=lambda: {"key": "stream"})
    claims: list[tuple[str, str, float | None]] = field(default_factory=list)
    lives: list[StreamInfo] = field(default_factory=list)
    interruptions: list[tuple[str, str, str]] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    ends: list[tuple[str, Recorded | None]] = field(default_factory=list)
    recording: bool = False
    sessions: dict[str, str] = field(default_factory=dict)
    backups: dict[str, str] = field(default_factory=dict)
    """Keys of encoders that stand by for a stream while another one has it."""
    heirs: dict[str, str] = field(default_factory=dict)
    """The session that is put on air when a session is gone."""

    async def claim(self, key: str, session_id: str, address: str, silent_for: SilentFor) -> Admission:
        stands_by = key in self.backups
        stream_id = self.backups.get(key) or self.keys.get(key)
        if stream_id is None:
            raise Refused("BAD_KEY", "This stream key is not valid.")
        recording = f"rec/{stream_id}" if self.recording else None
        if stands_by:
            return Admission(stream_id, "channel", recording=recording, is_backup=True, stands_by=True)
        silent = silent_for(self.sessions.get(stream_id, ""))
        self.claims.append((stream_id, session_id, silent))
        if silent is not None and silent < 2:
            raise Refused("ALREADY_LIVE", "Another encoder is live with this key.")
        self.sessions[stream_id] = session_id
        return Admission(stream_id, "channel", recording=recording)

    async def live(self, stream_id: str, session_id: str, info: StreamInfo) -> None:
        self.lives.append(info)

    async def interrupted(self, stream_id: str, session_id: str, reason: str) -> str | None:
        self.interruptions.append((stream_id, session_id, reason))
        return self.heirs.get(session_id)

    async def refused(self, key: str, address: str, code: str, message: str) -> None:
        self.refusals.append((code, message))

    async def ended(self, stream_id: str, recorded: Recorded | None) -> None:
        self.ends.append((stream_id, recorded))


def eventually(what: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """The first true value of `what()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not come true in time")
        time.sleep(0.02)
    return value


class Edge:
    """A node and its HTTP server on a loop of their own, so that tests can use blocking clients."""

    def __init__(
        self,
        *,
        gate: MemoryGate | None = None,
        archive: Archive | None = None,
        limits: DoorLimits | None = None,
        http_port: int = 0,
        rtmp_port: int = 0,
        keep_alive_seconds: int = 5,
        **config: Any,
    ) -> None:
        self.gate = gate or MemoryGate()
        self.config = MediaConfig(
            grant_key=GRANT_KEY,
            transcoding_key=TRANSCODING_KEY,
            rtmp_host="127.0.0.1",
            rtmp_port=rtmp_port,
            rtmps_port=0,
            limits=limits or DoorLimits(),
            **config,
        )
        self.archive = archive
        self.http_port = http_port
        self.went_long: list[str] = []
        """Paths of the requests that went through ASGI."""
        self._keep_alive_seconds = keep_alive_seconds
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Edge:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the edge did not start")
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.http_port}", timeout=30)
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()
        self.server.should_exit = True
        self._thread.join(15)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.node = IngestNode(self.gate, self.config, archive=self.archive)
        await self.node.start()
        served = server.config(
            self._app,
            "127.0.0.1",
            self.http_port,
            express=self.node.express,
            interface="asgi3",
            timeout_keep_alive=self._keep_alive_seconds,
        )
        self.server = uvicorn.Server(served)
        serving = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)
        self.http_port = self.server.servers[0].sockets[0].getsockname()[1]
        self._ready.set()
        await serving
        await self.node.stop()

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.went_long.append(scope["path"])
        await self.node.app(scope, receive, send)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the edge's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on the edge's loop."""
        done: Future[Any] = Future()

        def run() -> None:
            try:
                done.set_result(function(*arguments))
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(30)

    @property
    def streams(self) -> dict[str, StreamInfo]:
        streams: dict[str, StreamInfo] = self.call(lambda: self.node.streams)
        return streams

    @property
    def rtmp_url(self) -> str:
        return f"rtmp://127.0.0.1:{self.node.listeners.rtmp_port}/live"

    @property
    def rtmps_url(self) -> str:
        return f"rtmps://127.0.0.1:{self.node.listeners.rtmps_port}/live"

    def path(
        self, name: str = "", *, stream: str = "stream", viewer: str = "viewer", life: float = 600
    ) -> str:
        grant = grants.sign(GRANT_KEY, stream, viewer, int(time.time() + life))
        return f"/live/{grant}/{stream}/{name}"

    def url(self, name: str = "index.m3u8", **of: Any) -> str:
        return f"http://127.0.0.1:{self.http_port}{self.path(name, **of)}"

    def get(self, name: str, **of: Any) -> httpx.Response:
        return self.http.get(self.path(name, **of))
