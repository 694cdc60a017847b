"""What stories of forwarding have in common: a platform that forwards, and servers that misbehave."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from apps.streams.media import Egress, RelayInfo, RelayLimits, Target, amf0
from apps.streams.media.rtmp import handshake
from apps.streams.media.rtmp.chunks import COMMAND_AMF0, ChunkWriter, Message
from tests.streams.media.edge import Edge, eventually

QUICK = RelayLimits(first_retry_seconds=0.1, most_retry_seconds=1.0, stuck_seconds=2.0, idle_seconds=3.0)
SECRET = "the-secret-key"


def target(url: str, key: str = "key", id: str = "target", revision: int = 1) -> Target:
    return Target(id, revision, url, key)


@contextmanager
def source(**options: Any) -> Iterator[Edge]:
    """The platform that forwards; targets may be on this machine."""
    options = {"egress": Egress(allow_private=True), "relays": QUICK} | options
    with Edge(**options) as edge:
        yield edge


def forward(edge: Edge, *targets: Target) -> None:
    edge.call(edge.node.forward, "stream", targets)


def state(edge: Edge, id: str = "target") -> RelayInfo:
    relays = {each.id: info for each, info in edge.call(edge.node.relays, "stream")}
    found: RelayInfo = relays[id]
    return found


def await_state(edge: Edge, wanted: str, id: str = "target", seconds: float = 30) -> RelayInfo:
    info: RelayInfo = eventually(
        lambda: info if (info := state(edge, id)).state == wanted else None, seconds=seconds
    )
    return info


@contextmanager
def on_time(edge: Edge) -> Iterator[None]:
    """The stream's own parts come regularly while the block runs, and ten of them at least."""
    stop, gaps = threading.Event(), [0.0]
    began = edge.streams["stream"].parts

    def look() -> None:
        seen, at = edge.streams["stream"].parts, time.monotonic()
        while not stop.wait(0.05):
            if (parts := edge.streams["stream"].parts) != seen:
                gaps.append(time.monotonic() - at)
                seen, at = parts, time.monotonic()

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
        eventually(lambda: edge.streams["stream"].parts >= began + 10)
    finally:
        stop.set()
        looking.join()
    assert max(gaps) < 1.5, f"a part came {max(gaps):.2f} s after the one before"


class Talker:
    """An RTMP server that says yes to everything at once, then does as it is told."""

    def __init__(self, then: Callable[[socket.socket], None], *, room: int = 0, answers: bool = True) -> None:
        self.listener = socket.socket()
        if room:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.accepted: list[socket.socket] = []
        self._then, self._answers = then, answers
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Talker:
        return self

    def __exit__(self, *error: object) -> None:
        self.listener.close()
        for connection in self.accepted:
            connection.close()

    @property
    def url(self) -> str:
        return f"rtmp://127.0.0.1:{self.listener.getsockname()[1]}/app"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.accepted.append(connection)
                with suppress(OSError):
                    if self._answers:
                        self._say_yes(connection)
                    self._then(connection)

    def _say_yes(self, connection: socket.socket) -> None:
        asked = b""
        while len(asked) < 1 + handshake.SIZE:
            asked += connection.recv(4096)
        connection.sendall(handshake.answer(asked))
        started = {"level": "status", "code": "NetStream.Publish.Start", "description": ""}
        for values in (("_result", 1, None), ("_result", 4, None, 1), ("onStatus", 0, None, started)):
            message = Message(COMMAND_AMF0, 0, 0, amf0.encode(*values))
            connection.sendall(ChunkWriter().encode(message, chunk_stream=3))
