"""uvicorn's HTTP with bounds on a request's head, and with its own hands for a websocket's handshake."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from . import deflate
from .protocol import WebSocketProtocol, answer_to

# The parser itself would take any number of bytes, for any time.
HEAD_MOST = 64 * 1024
HEAD_SECONDS = 20.0


class HttpProtocol(HttpToolsProtocol):
    """What uvicorn makes for each connection; an accepted handshake replaces it by a WebSocketProtocol."""

    _head_size = 0
    _is_in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _takes_no_more = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._is_in_head, self._head_size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_timer()
        # It runs when the request before this one came in the same read and was answered within it.
        self._unset_keepalive_if_required()
        if not self._goes_express():
            super().on_headers_complete()

    def _goes_express(self) -> bool:
        """Whether the request is taken care of without the app."""
        return False

    def data_received(self, data: bytes) -> None:
        if self._takes_no_more:
            return
        self._unset_keepalive_if_required()
        if self._is_in_head:
            self._head_size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self._become_websocket(data[upgrade.args[0] :])
            else:
                # Answered as if it had not asked for another protocol (RFC 9110 7.8). But the parser skips
                # its body without looking where it ends: nothing behind the head can be taken for a request.
                self.cycle.keep_alive = False
                self._takes_no_more = True
            return
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._is_in_head and self._head_size > HEAD_MOST:
            self.send_400_response("The request's head is too large.")
        elif self._is_idle and self._head_timer is None and self.timeout_keep_alive_task is None:
            self._start_timer()

    @property
    def _is_idle(self) -> bool:
        """No request waits for its answer."""
        return self.cycle is None or self.cycle.response_complete

    def _become_websocket(self, rest: bytes) -> None:
        """Answer the handshake. `rest` came right behind it: a client that did not wait for the answer."""
        if not self._is_idle:
            self.send_400_response("A handshake has to wait for the answers to the requests before it.")
            return
        given = dict(self.headers)
        answer = answer_to(given.get(b"sec-websocket-key", b""))
        if self.scope["method"] != "GET" or given.get(b"sec-websocket-version") != b"13" or answer is None:
            self.send_400_response("This is not a handshake of websocket version 13.")
            return
        try:
            scope = self._websocket_scope()
        except httptools.HttpParserInvalidURLError:
            self.send_400_response("Invalid HTTP request received.")
            return
        inflates = deflate.is_offered(given.get(b"sec-websocket-extensions", b""))
        protocol = WebSocketProtocol(self.config, self.server_state, scope, answer, inflates=inflates)
        self.connections.discard(self)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        # The parser and this object hold each other: thousands of such pairs would wait for the collector.
        self.parser = None  # type: ignore[assignment]
        if rest:
            protocol.data_received(rest)

    def _websocket_scope(self) -> dict[str, Any]:
        url = httptools.parse_url(self.url)
        return {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if self.scheme == "https" else "ws",
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(url.path.decode("ascii")),
            "raw_path": self.root_path.encode("ascii") + url.path,
            "query_string": url.query or b"",
            "headers": self.headers,
            "subprotocols": [],
        }

    def _start_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
