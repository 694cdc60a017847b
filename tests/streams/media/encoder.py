"""Encoders for tests: our own publisher in a thread, and raw sockets for those who misbehave."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from apps.streams.media import amf0
from apps.streams.media.flv import Tag
from apps.streams.media.rtmp import handshake
from apps.streams.media.rtmp.chunks import COMMAND_AMF0, ChunkWriter, Message
from apps.streams.media.rtmp.client import RtmpPublisher
from tests.streams.media.edge import Edge


def publish(
    edge: Edge, tags: list[Tag], *, key: str = "key", digests: bool = False, clean: bool = True
) -> None:
    """Send all tags as fast as they are taken; then stop like a user, or vanish when not `clean`."""

    async def run() -> None:
        publisher = await RtmpPublisher.connect(edge.rtmp_url, key, digests=digests)
        try:
            for tag in tags:
                publisher.send(tag)
                await publisher.drain()
            if clean:
                await publisher.unpublish()
                await publisher.wait_closed()
        finally:
            await publisher.close()

    asyncio.run(run())


def refusal(edge: Edge, tags: list[Tag], *, key: str = "key") -> OSError:
    """Why the edge hung up on an encoder that sends `tags`."""

    async def run() -> OSError:
        try:
            publisher = await RtmpPublisher.connect(edge.rtmp_url, key)
        except OSError as error:
            return error
        try:
            for tag in tags:
                publisher.send(tag)
            async with asyncio.timeout(10):
                return await publisher.wait_closed()
        finally:
            await publisher.close()

    return asyncio.run(run())


class LiveEncoder:
    """Sends tags in real time until stopped, in a thread; `gone` becomes true when the edge hangs up."""

    def __init__(self, edge: Edge, tags: list[Tag], *, key: str = "key") -> None:
        self.gone = threading.Event()
        self._stop = threading.Event()
        self._silent = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(edge, tags, key)), daemon=True)
        self._thread.start()

    def fall_silent(self) -> None:
        """Stay connected, send nothing."""
        self._silent.set()

    def stop(self) -> None:
        """Vanish without a word."""
        self._stop.set()
        self._thread.join(10)

    async def _run(self, edge: Edge, tags: list[Tag], key: str) -> None:
        publisher = await RtmpPublisher.connect(edge.rtmp_url, key)
        began = time.monotonic()
        try:
            for tag in tags:
                while time.monotonic() - began < tag.timestamp / 1000 or self._silent.is_set():
                    if self._stop.is_set():
                        return
                    await asyncio.sleep(0.005)
                    await publisher.drain()
                publisher.send(tag)
        except OSError:
            self.gone.set()
        finally:
            await publisher.close()


@contextmanager
def ffmpeg_encoder(
    edge: Edge, command: str, *, key: str = "key", url: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """A foreign encoder, at the RTMP door or at `url`."""
    process = subprocess.Popen(
        [*command.split(), "-f", "flv", f"{url or edge.rtmp_url}/{key}"],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class RawEncoder:
    """A socket that says what it is told to."""

    def __init__(self, edge: Edge) -> None:
        self.socket = socket.create_connection(("127.0.0.1", edge.node.listeners.rtmp_port), timeout=10)
        self.writer = ChunkWriter()

    def __enter__(self) -> RawEncoder:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def shake_hands(self) -> None:
        self.send(handshake.ask(digests=False))
        received = 0
        while received < 1 + 2 * handshake.SIZE:
            data = self.socket.recv(65536)
            assert data, "hung up during the handshake"
            received += len(data)
        self.send(bytes(handshake.SIZE))

    def command(self, *values: object) -> None:
        self.send(self.writer.encode(Message(COMMAND_AMF0, 0, 0, amf0.encode(*values)), chunk_stream=3))

    def connect(self) -> None:
        self.shake_hands()
        self.command("connect", 1, {"app": "live"})

    def hung_up(self, *, seconds: float = 10) -> bool:
        """Whether the edge closes the connection within some seconds."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True
