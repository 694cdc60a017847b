"""Listens for encoders and keeps count of them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Protocol

from apps.streams.media.config import RtmpLimits
from apps.streams.media.rtmp.session import RtmpSession, Sink

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 0.25


class Door(Protocol):
    """Decides about publishers."""

    async def admit(self, session: RtmpSession, key: str) -> Sink:
        """Where the session's media goes; raises Refused."""


class RtmpServer:
    """All RTMP connections of a node."""

    def __init__(self, door: Door, limits: RtmpLimits) -> None:
        self.door = door
        self.limits = limits
        self.port = 0
        self._sessions: set[RtmpSession] = set()
        self._unauthenticated: set[RtmpSession] = set()
        self._per_address: Counter[str] = Counter()
        self._turned_away: Counter[str] = Counter()
        self._listener: asyncio.Server | None = None
        self._checker: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: RtmpSession(self, self.limits), host, port, backlog=512
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        self._checker = asyncio.create_task(self._check())

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._checker is not None:
            self._checker.cancel()
        if self._listener is not None:
            self._listener.close()
        for session in list(self._sessions):
            session.close("shutdown")

    @property
    def connections(self) -> int:
        return len(self._sessions)

    def joins(self, session: RtmpSession) -> bool:
        """Whether one more connection is within the limits; then it counts."""
        limits, address = self.limits, session.address
        if (
            len(self._sessions) >= limits.max_connections
            or len(self._unauthenticated) >= limits.max_unauthenticated
            or self._per_address[address] >= limits.max_connections_per_address
        ):
            self._turned_away[address] += 1
            return False
        self._sessions.add(session)
        self._unauthenticated.add(session)
        self._per_address[address] += 1
        return True

    def authenticated(self, session: RtmpSession) -> None:
        """The gate has admitted the session."""
        self._unauthenticated.discard(session)

    def leaves(self, session: RtmpSession) -> None:
        """The connection is gone; safe for one that never counted."""
        if session not in self._sessions:
            return
        self._sessions.remove(session)
        self._unauthenticated.discard(session)
        self._per_address[session.address] -= 1
        if not self._per_address[session.address]:
            del self._per_address[session.address]

    async def _check(self) -> None:
        """One timer for all deadlines, and one log line for all that were turned away meanwhile."""
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            now = asyncio.get_running_loop().time()
            for session in list(self._sessions):
                session.check(now)
            for address, count in self._turned_away.items():
                logger.warning("%d connections from %s turned away: too many", count, address)
            self._turned_away.clear()
