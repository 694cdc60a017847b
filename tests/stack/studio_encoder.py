"""An encoder that does as it is told, in a thread: it sends what was encoded before, over and over."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from types import TracebackType

from apps.streams.media.flv import FlvReader, Tag
from apps.streams.media.rtmp.client import RtmpPublisher

from .encoder import ffmpeg

LENGTH_MS = 4000


@cache
def footage(size: str) -> list[Tag]:
    """Four seconds of a moving picture with a tone, a keyframe every second."""
    command = [
        ffmpeg(), "-loglevel", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30",
        "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(LENGTH_MS / 1000),
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30",
        "-c:a", "aac", "-f", "flv", "-",
    ]  # fmt: skip
    flv = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return list(FlvReader().feed(flv))


class StudioEncoder:
    """Publishes to `url` in real time while the block runs. `size` may be changed at any time and is within
    four seconds; while `silent` it stays connected and sends nothing. Leaving is a pulled plug."""

    def __init__(self, url: str, *, size: str = "320x180") -> None:
        self.size = size
        self.silent = threading.Event()
        self.gone = threading.Event()
        self._url, self._key = url.rsplit("/", 1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> StudioEncoder:
        footage(self.size)  # drawing takes longer than anything else here
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _work(self) -> None:
        with suppress(OSError):
            asyncio.run(self._publish())
        self.gone.set()

    def _tags(self) -> Iterator[Tag]:
        for lap in itertools.count():
            for tag in footage(self.size):
                if tag.timestamp < LENGTH_MS:
                    yield replace(tag, timestamp=lap * LENGTH_MS + tag.timestamp)

    async def _publish(self) -> None:
        publisher = await RtmpPublisher.connect(self._url, self._key)
        began = time.monotonic()
        try:
            for tag in self._tags():
                while time.monotonic() - began < tag.timestamp / 1000 or self.silent.is_set():
                    if self._stop.is_set():
                        return
                    await asyncio.sleep(0.005)
                    await publisher.drain()
                publisher.send(tag)
        finally:
            await publisher.close()
