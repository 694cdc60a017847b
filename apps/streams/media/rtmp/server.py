"""Listens for encoders, in the clear and behind TLS."""

from __future__ import annotations

import asyncio

from apps.streams.media.config import DoorLimits
from apps.streams.media.rtmp.certificate import Certificate
from apps.streams.media.rtmp.session import RtmpSession
from apps.streams.media.rtmp.tls import TlsListener
from apps.streams.media.sinks import Door
from apps.streams.media.turnstile import Turnstile

_CHECK_SECONDS = 0.25


class RtmpServer:
    """All RTMP connections of a node."""

    def __init__(self, door: Door, limits: DoorLimits, turnstile: Turnstile | None = None) -> None:
        self.door = door
        self.limits = limits
        self._turnstile = turnstile or Turnstile(limits)
        self._sessions: set[RtmpSession] = set()
        self._listeners: list[asyncio.Server | TlsListener] = []
        self._checker: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen for RTMP, and return on which port; OSError when it is taken."""
        listener = await asyncio.get_running_loop().create_server(
            lambda: RtmpSession(self, self.limits), host, port, backlog=512
        )
        self._watch(listener)
        return int(listener.sockets[0].getsockname()[1])

    def start_tls(self, host: str, port: int, certificate: Certificate) -> int:
        """The same for RTMPS. OSError also when the certificate cannot be used."""
        listener = TlsListener(self, self.limits, self._turnstile, certificate)
        found = listener.start(host, port)
        self._watch(listener)
        return found

    def _watch(self, listener: asyncio.Server | TlsListener) -> None:
        self._listeners.append(listener)
        if self._checker is None:
            self._checker = asyncio.create_task(self._check())

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._checker is not None:
            self._checker.cancel()
        for listener in self._listeners:
            listener.close()
        for session in list(self._sessions):
            session.close("shutdown")

    @property
    def connections(self) -> int:
        return len(self._sessions)

    def joins(self, session: RtmpSession) -> bool:
        """Whether one more connection is within the limits; then it counts."""
        if not self._turnstile.joins(session):
            return False
        self._sessions.add(session)
        return True

    def authenticated(self, session: RtmpSession) -> None:
        """The gate has admitted the session."""
        self._turnstile.authenticated(session)

    def leaves(self, session: RtmpSession) -> None:
        """The connection is gone; safe for one that never counted."""
        self._turnstile.leaves(session)
        self._sessions.discard(session)

    async def _check(self) -> None:
        """One timer for all deadlines."""
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            now = asyncio.get_running_loop().time()
            for session in list(self._sessions):
                session.check(now)
            self._turnstile.tell()
