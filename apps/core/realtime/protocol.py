"""uvicorn's websocket protocol, opened up so that a hub can write ready-made frames to it.

Encoding a message once and writing the same bytes to every socket is what makes a room of thousands cheap; an
ASGI `send` per socket would encode it again for each.
"""

from __future__ import annotations

import random
import socket
import struct
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .closing import Close

if TYPE_CHECKING:
    from websockets.http11 import Request

    from .frames import Outgoing

EXTENSION = "aethex.raw"
# The kernel would hide a slow reader behind megabytes of its own.
SEND_BUFFER = 128 * 1024
BACKLOG_MOST = 256 * 1024
LAST_WORDS = 2.0


class RawWebSocketProtocol(WebSocketsSansIOProtocol):
    """Puts itself into `scope["extensions"]`, so that `Connection` can write past the ASGI channel."""

    # Told when everything that waited was taken by the network.
    on_drained: Callable[[], None] | None = None

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.on_drained is not None:
            self.on_drained()

    def connection_lost(self, exc: Exception | None) -> None:
        self.on_drained = None
        super().connection_lost(exc)

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        # The application starts on the next turn of the loop and finds the extension there.
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    def is_writable(self) -> bool:
        """Whether a frame may go out: after the handshake, before any close."""
        return (
            self.handshake_complete
            and not self.close_sent
            and not self.disconnected
            and not self.transport.is_closing()
        )

    def is_behind(self) -> bool:
        """Whether the reader is so slow that frames for it must be dropped."""
        return not self.writable.is_set() and self.transport.get_write_buffer_size() > BACKLOG_MOST

    def write_frame(self, message: Outgoing) -> None:
        """Write without waiting; the caller asked `is_writable` and `is_behind`."""
        self.transport.write(message.frame)

    def abort(self) -> None:
        """Cut at once: a stuck reader would answer no closing handshake, and what the kernel holds for it
        would stay there until it reads."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def schedule_ping(self) -> None:
        # Thousands that connected together would otherwise be pinged together, for ever.
        assert self.ping_interval is not None
        self.ping_timer = self.loop.call_later(
            self.ping_interval * random.uniform(0.8, 1.0),  # noqa: S311  spreads load, guards nothing
            self.send_keepalive_ping,
        )

    def handle_parser_exception(self) -> None:
        if self.close_sent:
            return
        self.close_sent = True
        assert self.conn.close_sent is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": self.conn.close_sent.code})
        self.transport.write(b"".join(self.conn.data_to_send()))
        # Closing with unread data in the socket would reset it, and the client would never see the code: what
        # still comes is read and dropped for a moment.
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LAST_WORDS, self.transport.close)

    def keepalive_timeout(self) -> None:
        self.pong_timer = None
        self.pending_ping_payload = None
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.fail(Close.IDLE, "No sign of life.")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()
