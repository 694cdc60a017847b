"""Where encoders come in: RTMP, RTMPS and SRT, which count everybody together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apps.streams.media.config import MediaConfig
from apps.streams.media.rtmp.server import RtmpServer
from apps.streams.media.sinks import Door
from apps.streams.media.srt.server import SrtServer
from apps.streams.media.turnstile import Turnstile


class Listeners:
    """A node's ports for encoders. After `start` the ports tell which are really listened on: 0 without a
    certificate for RTMPS, and where SRT is left out."""

    def __init__(self, door: Door, config: MediaConfig) -> None:
        self.rtmp_port = self.rtmps_port = self.srt_port = 0
        self.turnstile = Turnstile(config.limits)
        self.rtmp = RtmpServer(door, config.limits, self.turnstile)
        self.srt: SrtServer | None = None
        self._door = door
        self._config = config

    async def start(self) -> None:
        """OSError when a port is taken or the certificate cannot be used; it names the door."""
        config, host = self._config, self._config.rtmp_host
        with _naming("RTMP"):
            self.rtmp_port = await self.rtmp.start(host, config.rtmp_port)
        if config.certificate is not None:
            with _naming("RTMPS"):
                self.rtmps_port = self.rtmp.start_tls(host, config.rtmps_port, config.certificate)
        if config.srt_port is not None:
            srt = SrtServer(self._door, config.limits, self.turnstile)
            with _naming("SRT"):
                self.srt_port = await srt.start(host, config.srt_port)
            self.srt = srt

    async def stop(self) -> None:
        """Hang up on everybody."""
        await self.rtmp.stop()
        if self.srt is not None:
            self.srt.stop()


@contextmanager
def _naming(door: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(f"the door for {door} does not open: {error}") from error
