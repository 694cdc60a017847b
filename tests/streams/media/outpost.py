"""An edge for tests, behind a real HTTP server, and an upstream that does what the test says."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

import httpx
import uvicorn
import uvloop

from apps.streams.media import EdgeConfig, EdgeNode, grants
from tests.streams.media.edge import GRANT_KEY


class Served:
    """An ASGI app on a loop and a thread of its own; `http` is a client for it."""

    def __init__(self) -> None:
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        raise NotImplementedError

    async def begin(self) -> None:
        """Before it serves."""

    async def end(self) -> None:
        """Before its server stops."""

    def __enter__(self) -> Any:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the server did not start")
        self.http = httpx.Client(base_url=self.origin, timeout=30, limits=httpx.Limits(max_connections=None))
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()
        if self._thread.is_alive():
            self.do(self.end())
        self.server.should_exit = True
        self._thread.join(15)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on the server's loop."""
        done: Future[Any] = Future()
        self.loop.call_soon_threadsafe(lambda: done.set_result(function(*arguments)))
        return done.result(30)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self.begin()
        config = uvicorn.Config(
            self.app, port=self.port, log_level="warning", lifespan="off", access_log=False, interface="asgi3"
        )
        self.server = uvicorn.Server(config)
        serving = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self._ready.set()
        await serving


class Outpost(Served):
    """An edge in front of `upstream`, an origin that may change, be None, or be an exception to raise."""

    def __init__(self, upstream: str | Exception | None, **config: Any) -> None:
        super().__init__()
        self.upstream = upstream
        self.located = 0
        self.asked: Counter[str] = Counter()
        self.config = EdgeConfig(GRANT_KEY, **config)

    async def locate(self, stream_id: str) -> str | None:
        self.located += 1
        if isinstance(self.upstream, Exception):
            raise self.upstream
        return self.upstream

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked[scope["path"].rpartition("/")[2]] += 1
        await self.edge.app(scope, receive, send)

    async def begin(self) -> None:
        self.edge = EdgeNode(self.locate, self.config)
        await self.edge.start()

    async def end(self) -> None:
        await self.edge.stop()

    def path(
        self, name: str = "", *, stream: str = "stream", viewer: str = "viewer", life: float = 600
    ) -> str:
        grant = grants.sign(GRANT_KEY, stream, viewer, int(time.time() + life))
        return f"/live/{grant}/{stream}/{name}"

    def get(self, name: str, *, headers: dict[str, str] | None = None, **of: Any) -> httpx.Response:
        return self.http.get(self.path(name, **of), headers=headers)


class FakeNode(Served):
    """Answers every file with its own name, or as `answers` says; keeps what it is asked until `free`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.viewers: set[str] = set()
        self.reports: defaultdict[str, list[dict[str, list[str]]]] = defaultdict(list)
        """What was told of each stream's viewers."""
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.free = threading.Event()
        self.free.set()

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        _, _, grant, stream_id, name = scope["path"].split("/", 4)
        self.viewers.add(grants.verify(GRANT_KEY, stream_id, grant, now=time.time())[0])
        target = f"{name}?{scope['query_string'].decode()}" if scope["query_string"] else name
        if scope["method"] == "GET":
            self.asked[target] += 1
        if scope["method"] == "POST":
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message["body"], message["more_body"]
            self.reports[stream_id].append(json.loads(body))
        while not self.free.is_set():
            await asyncio.sleep(0.005)
        status, headers, body = self.answers.get(target, (200, {}, target.encode()))
        sent = [(key.encode(), value.encode()) for key, value in headers.items()]
        if "content-length" not in headers:
            sent.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})
