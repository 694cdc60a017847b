"""Websockets under uvicorn, in our own hands: a cheap handshake, and a way in for ready-made frames.

uvicorn parses a handshake twice, the second time in Python, and keeps a general protocol object for each
connection; together that costs half of all there is to do when a crowd comes. Here the handshake is answered
from what its HTTP parser found. Encoding a message once and writing the same bytes to every socket is what
makes a room of thousands cheap; an ASGI `send` per socket would encode it again for each.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import logging
import random
import socket
import struct
from asyncio.transports import BaseTransport
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected

from . import deflate
from .closing import Broken, Close
from .frames import head
from .incoming import NO_CODE, NO_GOODBYE, Incoming, Opcode, close_code

if TYPE_CHECKING:
    from uvicorn.server import ServerState

    from .frames import Outgoing

log = logging.getLogger(__name__)

EXTENSION = "aethex.raw"
# The kernel would hide a slow reader behind megabytes of its own.
SEND_BUFFER = 128 * 1024
BACKLOG_MOST = 256 * 1024
# So much may wait for the application before the client has to.
UNREAD_MOST = 32 * 1024
LAST_WORDS = 2.0
CLOSING_SECONDS = 10.0

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class State(Enum):
    OPENING = 0
    OPEN = 1
    CLOSING = 2  # our close frame is sent, the client's is awaited
    CLOSED = 3


# Looking a member up in its class costs more than what is done with it.
_OPENING, _OPEN, _CLOSING, _CLOSED = State


def answer_to(key: bytes) -> bytes | None:
    """What a server answers to a `Sec-WebSocket-Key`; None when it is none."""
    try:
        is_key = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return None
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()) if is_key else None


class WebSocketProtocol(asyncio.Protocol):
    """One websocket from its accepted handshake on. Puts itself into `scope["extensions"]`, so that
    `Connection` can write past the ASGI channel.

    Messages are cut out of what has come only when the application asks for the next one.
    """

    __slots__ = (
        "_answer",
        "_config",
        "_held_back",
        "_incoming",
        "_is_announced",
        "_is_asked",
        "_left_with",
        "_loop",
        "_server",
        "_state",
        "_timer",
        "_waiter",
        "_writable",
        "inflates",
        "is_free",
        "on_drained",
        "scope",
        "transport",
    )

    def __init__(
        self, config: Config, server: ServerState, scope: dict[str, Any], answer: bytes, *, inflates: bool
    ) -> None:
        self._config, self._server, self._answer = config, server, answer
        # Both sides may send compressed messages.
        self.inflates = inflates
        self._loop = asyncio.get_running_loop()
        self.scope = scope
        scope["extensions"] = {EXTENSION: self}
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        # Told when everything that waited was taken by the network.
        self.on_drained: Callable[[], None] | None = None
        self._state = _OPENING
        # Open, and nothing waits for the network: whoever has a frame for everybody asks only this of each.
        self.is_free = False
        # None once it broke: what still comes is dropped.
        self._incoming: Incoming | None = Incoming(config.ws_max_size, inflates=inflates)
        self._held_back = self._is_announced = self._is_asked = False
        self._left_with = NO_GOODBYE
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Event | None = None  # there while the network takes no more

    # The transport's side

    def connection_made(self, transport: BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._server.connections.add(self)  # type: ignore[arg-type]
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        task = self._loop.create_task(self._run())
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def data_received(self, data: bytes) -> None:
        if self._incoming is None:
            return
        self._incoming.feed(data)
        if self._is_asked:  # whatever comes is a sign of life
            self._is_asked = False
            self._ping_later()
        if len(self._incoming) > UNREAD_MOST and not self._held_back:
            self._held_back = True
            self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._become(_CLOSED)
        self.on_drained = None
        self._set_timer(None)
        self._server.connections.discard(self)
        if self._writable is not None:
            self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self.is_free = False
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None
        self.is_free = self.is_writable()
        if self.on_drained is not None:
            self.on_drained()

    def shutdown(self) -> None:
        """uvicorn stops."""
        if self._state is _OPEN:
            self._close(Close.RESTART, "The server restarts.")
        self.transport.close()

    # The hub's side

    def is_writable(self) -> bool:
        """Whether a frame may go out: after the handshake, before any close."""
        return self._state is _OPEN and not self.transport.is_closing()

    def is_behind(self) -> bool:
        """Whether the reader is so slow that frames for it must be dropped."""
        return self._writable is not None and self.transport.get_write_buffer_size() > BACKLOG_MOST

    def write_frame(self, message: Outgoing) -> None:
        """Write without waiting; the caller asked `is_writable` and `is_behind`."""
        self.transport.write(message.packed if self.inflates else message.frame)

    def abort(self) -> None:
        """Cut at once: a stuck reader would answer no closing handshake, and what the kernel holds for it
        would stay there until it reads."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):  # it is gone already
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.is_free = False
        self.transport.abort()

    # The application's side (ASGI)

    async def _run(self) -> None:
        try:
            await self._config.loaded_app(self.scope, self.receive, self.send)
            while self._is_answer_awaited():
                await self.receive()
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("A websocket's application failed.")
        finally:
            if self._state is _OPENING:
                self._refuse(500, "Internal Server Error")
            self.is_free = False
            if self._state is not _CLOSING:  # else its timer does
                self.transport.close()

    async def receive(self) -> dict[str, Any]:
        """The next event: connect, then messages, then disconnect for ever."""
        if not self._is_announced:
            self._is_announced = True
            return {"type": "websocket.connect"}
        while (event := self._next_event()) is None:
            self._waiter = self._loop.create_future()
            await self._waiter
        return event

    async def send(self, event: dict[str, Any]) -> None:
        """Carry out what the application wants; raises ClientDisconnected when the line is gone."""
        if self._writable is not None:
            await self._writable.wait()
        if self._state is _CLOSED:
            raise ClientDisconnected
        kind = event["type"]
        if self._state is _OPENING and kind == "websocket.accept":
            self._accept(event)
        elif self._state is _OPENING and kind == "websocket.close":
            self._refuse(403, "Forbidden")
        elif self._state is _OPEN and kind == "websocket.send":
            text = event.get("text")
            if text is not None:
                self._write(Opcode.TEXT, text.encode())
            else:
                self._write(Opcode.BINARY, event["bytes"])
        elif self._state is _OPEN and kind == "websocket.close":
            self._close(event.get("code", 1000), event.get("reason") or "")
        else:
            raise RuntimeError(f"{kind} can't be sent while the websocket is {self._state.name}.")

    def _become(self, state: State) -> None:
        self._state = state
        self.is_free = state is _OPEN and self._writable is None

    def _is_answer_awaited(self) -> bool:
        return self._state is _CLOSING and self._incoming is not None

    def _next_event(self) -> dict[str, Any] | None:
        ping = None
        try:
            while self._state in (_OPEN, _CLOSING) and self._incoming is not None:
                found = self._incoming.next()
                if found is None:
                    break
                opcode, content = found
                if opcode == Opcode.PING:
                    ping = content
                elif opcode == Opcode.CLOSE:
                    self._goodbye(close_code(content))
                elif opcode != Opcode.PONG and self._state is _OPEN:
                    return _message(opcode, content)
        except Broken as broken:
            self._fail(broken)
        finally:
            if ping is not None and self.is_writable() and not self.is_behind():
                self._write(Opcode.PONG, ping)  # the newest is answered for all (section 5.5.3)
            self._take_more()
        if self._state is _CLOSED or self._incoming is None:
            return {"type": "websocket.disconnect", "code": self._left_with}
        return None

    def _accept(self, event: dict[str, Any]) -> None:
        lines = [
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + self._answer
        ]
        if subprotocol := event.get("subprotocol"):
            lines.append(b"Sec-WebSocket-Protocol: " + subprotocol.encode())
        if self.inflates:
            lines.append(b"Sec-WebSocket-Extensions: " + deflate.ANSWER)
        lines += [name + b": " + value for name, value in event.get("headers", ())]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n")
        self._become(_OPEN)
        self._ping_later()

    def _refuse(self, status: int, phrase: str) -> None:
        answer = f"HTTP/1.1 {status} {phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self.transport.write(answer.encode())
        self._become(_CLOSED)
        self.transport.close()

    def _write(self, opcode: Opcode, content: bytes) -> None:
        self.transport.write(head(opcode, len(content)) + content)

    def _close(self, code: int, reason: str, seconds: float = CLOSING_SECONDS) -> None:
        """Send our close frame; the client has `seconds` to answer."""
        self._write(Opcode.CLOSE, code.to_bytes(2, "big") + reason.encode()[:120])
        self._become(_CLOSING)
        self._left_with = code
        self._is_asked = False
        self._set_timer(self._loop.call_later(seconds, self.transport.close))

    def _goodbye(self, code: int) -> None:
        """The client's close frame came: the first, or the answer to ours."""
        if self._state is _OPEN:
            self._left_with = code
            content = b"" if code == NO_CODE else code.to_bytes(2, "big")
            self._write(Opcode.CLOSE, content)
        self._become(_CLOSED)
        self._set_timer(None)
        self.transport.close()

    def _fail(self, broken: Broken) -> None:
        """End a connection that can no longer be read. Closing with unread data in the socket would reset it
        and the client would never see why: what still comes is read and dropped for a moment."""
        self._incoming = None
        if self._state is _OPEN:
            self._close(broken.code, broken.reason, LAST_WORDS)

    def _take_more(self) -> None:
        if self._held_back and (self._incoming is None or len(self._incoming) <= UNREAD_MOST):
            self._held_back = False
            self.transport.resume_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Signs of life

    def _set_timer(self, timer: asyncio.TimerHandle | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    def _ping_later(self) -> None:
        # Thousands that connected together would otherwise be pinged together, for ever.
        seconds = (self._config.ws_ping_interval or 0) * random.uniform(0.8, 1.0)  # noqa: S311  no secret
        self._set_timer(self._loop.call_later(seconds, self._ping) if seconds else None)

    def _ping(self) -> None:
        self._is_asked = True
        self._write(Opcode.PING, b"")
        self._set_timer(self._loop.call_later(self._config.ws_ping_timeout or 0, self._give_up))

    def _give_up(self) -> None:
        self._close(Close.IDLE, "No sign of life.")
        self.transport.close()


def _message(opcode: int, content: bytes) -> dict[str, Any]:
    if opcode == Opcode.BINARY:
        return {"type": "websocket.receive", "bytes": content}
    try:
        return {"type": "websocket.receive", "text": content.decode()}
    except UnicodeDecodeError:
        raise Broken(Close.NOT_TEXT, "A text must be UTF-8.") from None
