"""Listens for encoders on one UDP port, and keeps count of them."""

from __future__ import annotations

import asyncio
import logging
import socket
from struct import unpack_from
from typing import Any

from apps.streams.media.config import DoorLimits
from apps.streams.media.ports import Refused
from apps.streams.media.sinks import Door
from apps.streams.media.srt.handshake import Cookies, Reason, Rejected, induction, read_wish, refusal
from apps.streams.media.srt.packets import (
    CONTROL,
    HEADER,
    Handshake,
    Kind,
    SrtError,
    Step,
    control,
    read_handshake,
)
from apps.streams.media.srt.session import SrtSession
from apps.streams.media.turnstile import Turnstile

logger = logging.getLogger(__name__)

_TICK_SECONDS = 0.02
"""Twice what the draft suggests (4.8.1): an ACK lets the sender forget, and nothing of that is urgent."""
_TICKS_A_CHECK = 12
_MAX_UNSENT = 64 * 1024
_RECEIVE_BYTES = 4 * 1024 * 1024
"""Asked of the system, which may give less; a burst that it has no room for is sent again."""


class SrtServer(asyncio.DatagramProtocol):
    """All SRT connections of a node. Until a caller has shown a cookie nothing is kept of it, and what it is
    answered is no longer than what it sent."""

    def __init__(self, door: Door, limits: DoorLimits, turnstile: Turnstile) -> None:
        self.door = door
        self._limits = limits
        self._turnstile = turnstile
        self._cookies = Cookies()
        self._sessions: dict[int, SrtSession] = {}
        self._callers: dict[tuple[Any, int], SrtSession] = {}
        self._transport: Any  # a DatagramTransport, whose write buffer typeshed does not know
        self._loop = asyncio.get_running_loop()
        self._ticking: asyncio.TimerHandle | None = None
        self._ticks = 0

    async def start(self, host: str, port: int) -> int:
        """Listen, and return on which port; OSError when it is taken."""
        transport, _ = await self._loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        return int(transport.get_extra_info("sockname")[1])

    def stop(self) -> None:
        """Hang up on everybody."""
        for session in list(self._sessions.values()):
            session.close("shutdown")
        if self._ticking is not None:
            self._ticking.cancel()
        self._transport.close()

    @property
    def connections(self) -> int:
        return len(self._sessions)

    # Sessions call these

    def send(self, packet: bytes, peer: tuple[Any, ...]) -> None:
        """Send, or not where the system takes nothing: all that is sent here is said again."""
        transport = self._transport
        if not transport.is_closing() and transport.get_write_buffer_size() < _MAX_UNSENT:
            transport.sendto(packet, peer)

    def authenticated(self, session: SrtSession) -> None:
        """The gate has admitted the session."""
        self._turnstile.authenticated(session)

    def leaves(self, session: SrtSession) -> None:
        """The connection is over."""
        self._turnstile.leaves(session)
        self._sessions.pop(session.socket_id, None)
        self._callers.pop((session.peer, session.asked.socket_id), None)

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, peer: tuple[Any, ...]) -> None:
        if len(data) < HEADER:
            return
        first, to = unpack_from(">I8xI", data)
        if not to:
            if first == CONTROL | Kind.HANDSHAKE << 16:
                self._on_caller(data, peer)
            return
        session = self._sessions.get(to)
        if session is None or session.peer != peer:
            return
        try:
            if first & CONTROL:
                session.on_control(first >> 16 & 0x7FFF, data)
            else:
                session.on_data(first, data)
        except Exception as error:
            self._end(session, error)

    def error_received(self, error: Exception) -> None:
        """Somebody is not there any more; time tells."""

    # Callers

    def _on_caller(self, data: bytes, peer: tuple[Any, ...]) -> None:
        try:
            asked = read_handshake(data)
            if asked.step == Step.INDUCTION:
                cookie = self._cookies.make(peer, self._loop.time())
                self._answer(asked, induction(asked, cookie), peer)
            elif asked.step == Step.CONCLUSION and self._cookies.is_good(
                asked.cookie, peer, self._loop.time()
            ):
                self._on_conclusion(asked, peer)
        except SrtError as error:
            logger.info("a caller from %s: not heard: %s", peer[0], error)

    def _on_conclusion(self, asked: Handshake, peer: tuple[Any, ...]) -> None:
        known = self._callers.get((peer, asked.socket_id))
        if known is not None:
            known.on_control(Kind.HANDSHAKE, b"")
            return
        try:
            wish = read_wish(asked)
        except Rejected as rejected:
            logger.info("a caller from %s: rejected: it wants %s", peer[0], rejected)
            self._answer(asked, refusal(asked, rejected.reason), peer)
            return
        session = SrtSession(self, peer, asked, wish, self._limits)
        if session.socket_id in self._sessions or not self._turnstile.joins(session):
            self._answer(asked, refusal(asked, Reason.OVERLOAD), peer)
            return
        self._sessions[session.socket_id] = self._callers[peer, asked.socket_id] = session
        session.claim(wish.key)
        if self._ticking is None:
            self._ticking = self._loop.call_later(_TICK_SECONDS, self._tick)

    def _answer(self, asked: Handshake, answer: Handshake, peer: tuple[Any, ...]) -> None:
        self.send(control(Kind.HANDSHAKE, asked.socket_id, 0, answer.encode()), peer)

    # Time

    def _tick(self) -> None:
        """One timer for all, as long as there is anybody."""
        now = self._loop.time()
        self._ticks += 1
        checking = self._ticks % _TICKS_A_CHECK == 0
        for session in list(self._sessions.values()):
            try:
                session.tick(now)
                if checking:
                    session.check(now)
            except Exception as error:
                self._end(session, error)
        if checking:
            self._turnstile.tell()
        self._ticking = self._loop.call_later(_TICK_SECONDS, self._tick) if self._sessions else None

    def _end(self, session: SrtSession, error: Exception) -> None:
        """What goes wrong in one session stays in that session."""
        if isinstance(error, Refused):
            session.refuse(error)
        elif isinstance(error, SrtError):
            logger.info("session %s from %s: closed: %s", session.id, session.address, error)
            session.close("malformed")
        else:
            logger.error("session %s from %s: closed by a fault", session.id, session.address, exc_info=error)
            session.close("fault")
