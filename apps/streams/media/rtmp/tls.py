"""RTMPS: RTMP sessions behind TLS 1.2 or later."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from apps.streams.media.config import DoorLimits
from apps.streams.media.rtmp.certificate import Certificate
from apps.streams.media.rtmp.session import RtmpSession
from apps.streams.media.turnstile import Turnstile

if TYPE_CHECKING:
    from apps.streams.media.rtmp.server import RtmpServer

logger = logging.getLogger(__name__)

_BREATHER_SECONDS = 1.0


class TlsListener:
    """Agrees on TLS with encoders, then hands them to the server.

    It accepts connections itself, because they have to count from their first byte on: a server of asyncio
    would tell of them only when TLS stands.
    """

    def __init__(
        self, server: RtmpServer, limits: DoorLimits, turnstile: Turnstile, certificate: Certificate
    ):
        self._server = server
        self._limits = limits
        self._turnstile = turnstile
        self._certificate = certificate
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, host: str, port: int) -> int:
        """Listen, and return on which port; OSError when it is taken or the certificate cannot be used."""
        self._certificate.context()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=512)
        self._socket.setblocking(False)
        self._spawn(self._accept())
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Accept nobody any more, and leave those that are still agreeing."""
        for task in self._tasks:
            task.cancel()
        self._socket.close()

    async def _accept(self) -> None:
        while True:
            try:
                connection, peer = await self._loop.sock_accept(self._socket)
            except OSError:  # out of file descriptors: some will be free again
                logger.exception("no connection can be accepted for RTMPS")
                await asyncio.sleep(_BREATHER_SECONDS)
                continue
            session = RtmpSession(self._server, self._limits)
            session.address = str(peer[0])
            if self._turnstile.joins(session):
                self._spawn(self._agree(session, connection))
            else:
                connection.close()

    async def _agree(self, session: RtmpSession, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: session,
                connection,
                ssl=self._certificate.context(),
                ssl_handshake_timeout=self._limits.handshake_seconds,
                ssl_shutdown_timeout=self._limits.goodbye_seconds,
            )
        except OSError as error:
            logger.info("session %s from %s: closed: no TLS: %s", session.id, session.address, error)
            self._turnstile.leaves(session)
        except asyncio.CancelledError:
            self._turnstile.leaves(session)
            raise

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
