"""An HTTP service in a thread: what it was asked, and what it is told to answer instead."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

Answer = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    authorization: str
    body: Any


@dataclass
class FakeService:
    """Subclasses answer; `broken` answers (status, body, headers) come first, one request each."""

    asked: list[Asked] = field(default_factory=list)
    broken: deque[tuple[int, bytes, dict[str, str]]] = field(default_factory=deque)
    url: str = ""

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def breaks(self, status: int, body: bytes = b"", times: int = 1, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.broken.extend([(status, body, named)] * times)

    @property
    def log(self) -> list[tuple[str, str]]:
        return [(asked.method, asked.path) for asked in self.asked]

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _read(body: bytes, kind: str) -> Any:
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode()))
    return json.loads(body) if body else None


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            asked = Asked(
                self.command,
                self.path,
                self.headers.get("Authorization", ""),
                _read(raw, self.headers.get("Content-Type", "")),
            )
            service.asked.append(asked)
            if service.broken:
                self._send(*service.broken.popleft())
                return
            status, told = service.answer(asked)
            if isinstance(told, bytes):
                self._send(status, told, {"Content-Type": "application/vnd.apple.mpegurl"})
            else:
                body = b"" if told is None else json.dumps(told).encode()
                self._send(status, body, {"Content-Type": "application/json"})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            headers = {"Content-Length": str(len(body)), "Access-Control-Allow-Origin": "*"} | headers
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _do

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
