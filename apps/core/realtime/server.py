"""uvicorn as sockets need it, the same for the one-process default and for socket processes."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
import uvloop

from apps.core.interpreter import settle

from .express import Express, ExpressProtocol
from .hub import Hub, end
from .protocol import WebSocketProtocol
from .upgrade import HttpProtocol

# A frame of a client; the longest honest one (a message of 500 characters, escaped) stays below 7 KiB.
FRAME_IN_MOST = 8 * 1024


def config(
    app: Any, host: str, port: int, *, express: Express | None = None, **options: Any
) -> uvicorn.Config:
    """uvloop, raw websocket writes, messages compressed once for all, a long backlog for the moment when
    everybody reconnects. `express` is asked before `app` (see express.py). `options` go to uvicorn as they
    are."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        **{
            "loop": "uvloop",
            "http": HttpProtocol if express is None else partial(ExpressProtocol, express),
            "ws": WebSocketProtocol,
            "ws_max_size": FRAME_IN_MOST,
            "ws_ping_interval": 28.0,
            "ws_ping_timeout": 40.0,
            "backlog": 4096,
            "lifespan": "off",
            "access_log": False,
            "log_config": None,
            "log_level": "warning",
            "server_header": False,
            "proxy_headers": False,
            "timeout_graceful_shutdown": 5,
            **options,
        },
    )


class Server(uvicorn.Server):
    """Closes its sockets with 1012, spread over a few seconds, before it stops. `leaving` is called first: to
    answer requests that wait for something, which it would have to wait for."""

    def __init__(self, config: uvicorn.Config, *, leaving: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._leaving = leaving

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal asks the server to leave, once more hurries it. uvicorn would raise it again afterwards,
        but the command that runs the server has more to bring home than the server."""
        loop = asyncio.get_running_loop()
        asked = (signal.SIGINT, signal.SIGTERM)
        for number in asked:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in asked:
                loop.remove_signal_handler(number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in getattr(self, "servers", []):
            server.close()
        self._leaving()
        hub = Hub.here()
        if not self.force_exit:
            draining = asyncio.ensure_future(hub.drain())
            while not draining.done() and not self.force_exit:
                await asyncio.wait([draining], timeout=0.1)
        await super().shutdown(sockets)
        await hub.stop()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a process's whole work on uvloop, and leave nothing running behind it."""

    async def whole() -> None:
        settle()
        try:
            await work
        finally:
            await end(asyncio.all_tasks() - {asyncio.current_task()})

    uvloop.run(whole())
