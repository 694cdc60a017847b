"""A websocket endpoint: a view with a longer life. A Door says what it does, a Socket reads and refuses.

It is an ASGI callable rather than a consumer of Django Channels: a consumer starts a task per connection and
one per event, which costs a quarter of the handshakes a second; and the layer it brings is the hub's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from django.db import Error as DatabaseError

from apps.core.errors import DomainError, Invalid

from .closing import Close
from .connection import Connection, Scope
from .doors import address_of, addresses
from .frames import Outgoing, encode, frame
from .hub import Hub
from .server import FRAME_IN_MOST

log = logging.getLogger(__name__)

V = TypeVar("V")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BAD_FRAMES_MOST = 10
FLOOD_SECONDS = 10.0


class Refused(Exception):
    """This socket is closed with a number and a reason."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class BadFrame(Invalid):
    """What came is not a frame of this protocol; so many of them end the connection."""

    code = "BAD_FRAME"


@dataclass(frozen=True, slots=True)
class Action(Generic[V]):
    """What a client's frame leads to: `parse` reads its payload or raises Invalid, `act` carries it out."""

    parse: Callable[[dict[str, Any]], Any]
    act: Callable[[V, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Door(Generic[V]):
    """One kind of socket, put together from functions over its visits, V. It is an ASGI callable.

    `begin` makes a visit that has done nothing yet, `enter` lets it in or raises Refused, and `leave` undoes
    what `enter` did, also half of it.
    """

    begin: Callable[[Socket], V]
    enter: Callable[[V], Awaitable[None]]
    leave: Callable[[V], None]
    actions: Mapping[str, Action[V]]
    error_type: str = "error"
    # Frames a client may send in FLOOD_SECONDS, of whatever kind.
    flood_most: int = 100

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Socket(self, scope, receive, send).run()


class Socket:
    """One connection at a door, from the handshake to its end."""

    __slots__ = ("_bad", "_door", "_frames", "_send", "_window", "connection", "hub", "receive", "scope")

    def __init__(self, door: Door[Any], scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.connection = Connection(scope, send)
        self.hub = Hub.here()
        self._door = door
        self._send = send
        self._bad = 0
        self._frames = 0
        self._window = time.monotonic()

    async def run(self) -> None:
        """Let in, carry out what comes, see off."""
        if (await self.receive())["type"] != "websocket.connect":
            return
        await self._send({"type": "websocket.accept"})
        address = address_of(self.scope)
        if address is not None and not addresses.enter(address):
            await self._end(Close.TOO_MANY, "Too many connections from your address.")
            return
        visit = self._door.begin(self)
        self.hub.connections.add(self.connection)
        try:
            await self._serve(visit)
        finally:
            self.hub.connections.discard(self.connection)
            if address is not None:
                addresses.leave(address)
            self._door.leave(visit)
            self.connection.is_open = False

    def say(self, type: str, payload: dict[str, Any]) -> None:
        """Send one event to this client."""
        self.connection.write(Outgoing(encode(frame(type, payload))))

    def refuse(self, error: DomainError, nonce: str | None = None) -> None:
        """Tell the client why its frame was not carried out."""
        payload: dict[str, Any] = {"code": error.code, "message": error.message}
        if nonce is not None:
            payload["nonce"] = nonce
        if error.fields:
            payload["fields"] = error.fields
        if error.retry_after is not None:
            payload["retryAfter"] = round(error.retry_after, 3)
        self.say(self._door.error_type, payload)

    async def _serve(self, visit: Any) -> None:
        try:
            if self.hub.draining:
                raise Refused(Close.RESTART, "The server restarts.")
            await self._door.enter(visit)
            await self._read(visit)
        except Refused as refused:
            await self._end(refused.code, refused.reason)
        except DatabaseError as error:
            log.warning("A socket was not let in, the database does not answer: %s", error)
            await self._end(Close.LATER, "The database does not answer at the moment.")
        except Exception:
            log.exception("A socket failed.")
            await self._end(Close.FAILED, "Something went wrong here.")

    async def _read(self, visit: Any) -> None:
        while True:
            event = await self.receive()
            if event["type"] != "websocket.receive":
                return
            if not self.connection.is_open:
                continue  # closed from here: the client's answer to that is still to come
            self._count()
            await self._carry_out(visit, event)

    def _count(self) -> None:
        now = time.monotonic()
        if now - self._window > FLOOD_SECONDS:
            self._window, self._frames = now, 0
        self._frames += 1
        if self._frames > self._door.flood_most:
            raise Refused(Close.TOO_MANY, "Too many frames.")

    async def _carry_out(self, visit: Any, event: dict[str, Any]) -> None:
        nonce = None
        try:
            kind, payload = self._parse(event)
            nonce = payload.get("nonce") if isinstance(payload.get("nonce"), str) else None
            action = self._action(kind)
            await action.act(visit, action.parse(payload))
        except BadFrame as error:
            self.refuse(error, nonce)
            self._bad += 1
            if self._bad >= BAD_FRAMES_MOST:
                raise Refused(Close.BAD_FRAME, "Too many frames that are none.") from None
        except DomainError as error:
            self.refuse(error, nonce)
        except Refused:
            raise
        except Exception:
            log.exception("A frame could not be carried out.")
            self.refuse(DomainError("Something went wrong here. Try again.", code="INTERNAL"), nonce)

    def _parse(self, event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        text = event.get("text")
        if text is None:
            raise BadFrame("Frames are text, not binary. Send JSON.")
        if len(text) > FRAME_IN_MOST:
            raise Refused(Close.TOO_LARGE, "A frame has at most 8 KiB.")
        try:
            content = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise BadFrame('This is not JSON. A frame looks like {"type": "…", "payload": {…}}.') from None
        if not isinstance(content, dict) or not isinstance(content.get("type"), str):
            raise BadFrame('A frame is an object with a text "type" and an object "payload".')
        payload = content.get("payload", {})
        if not isinstance(payload, dict):
            raise BadFrame('"payload" must be an object.')
        return content["type"], payload

    def _action(self, kind: str) -> Action[Any]:
        action = self._door.actions.get(kind)
        if action is None:
            known = ", ".join(sorted(self._door.actions)) or "none"
            raise BadFrame(f"This socket knows no such type. Known: {known}.", code="UNKNOWN_TYPE")
        return action

    async def _end(self, code: Close, reason: str) -> None:
        if not self.connection.is_open:
            return
        self.connection.close(code, reason)
        # Until the client has answered; a server that is still waiting for it cuts it off itself.
        while (await self.receive())["type"] != "websocket.disconnect":
            pass
