"""How an encoder is read: no faster than it may send, and not for each frame of sound by itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from apps.streams.media.config import DoorLimits

_WORTH_WAKING = 1024
"""More than a frame of sound, and far less than a picture of an encoder that this matters for."""
_GATHERED_SHARE = 50
"""Of what came between two checks, 0.25 s apart: 5 ms' worth of bytes."""
_LONGEST_SECONDS = 1.0


class Pace:
    """Belongs to one session, which is over with its transport."""

    def __init__(self, transport: asyncio.Transport, limits: DoorLimits) -> None:
        self.resumed_at = 0.0
        """When reading went on last, in the loop's seconds: before, nothing could be heard."""
        self._transport = transport
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._began_at = 0.0
        self._bytes = 0
        self._received_before = 0
        self._gathered = 1
        self._timer: asyncio.TimerHandle | None = None

    def hold(self) -> None:
        """Read nothing until `go_on`."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        if not self._transport.is_closing():
            self.resumed_at = self._loop.time()
            self._transport.resume_reading()

    def begin(self) -> None:
        """It publishes from now on."""
        self._began_at = self._loop.time()

    def took(self, size: int, media_seconds: float) -> None:
        """So many bytes more, and so much media in all. Stop reading while the encoder is far ahead of its
        bitrate or its clock; TCP then holds it back."""
        self._bytes += size
        limits, elapsed = self._limits, self._loop.time() - self._began_at
        allowed = limits.burst_bytes + elapsed * limits.max_bitrate / 8
        pause = (self._bytes - allowed) * 8 / limits.max_bitrate
        if limits.max_lead_seconds is not None:
            pause = max(pause, media_seconds - elapsed - limits.max_lead_seconds)
        if pause > 0.01:
            self.hold()
            self._timer = self._loop.call_later(min(pause, _LONGEST_SECONDS), self.go_on)

    def gather(self, received: int) -> None:
        """Be woken for some milliseconds' worth of bytes; `received` counts all that ever came.

        Waking costs several times what reading so little does. An encoder that sends slowly, or has stopped,
        is still heard at once.
        """
        recent, self._received_before = received - self._received_before, received
        wanted = min(max(recent // _GATHERED_SHARE, 1), _WORTH_WAKING)
        if wanted != self._gathered:
            self._gathered = wanted
            with contextlib.suppress(OSError):  # not every system offers it
                connection = self._transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)

    def stop(self) -> None:
        """The session is over."""
        if self._timer is not None:
            self._timer.cancel()
