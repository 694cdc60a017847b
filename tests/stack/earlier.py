"""The earlier part of a broadcast, made in seconds: a recording whose pictures tell when they were taken."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from apps.streams.media import FileArchive, MediaConfig
from apps.streams.media.flv import FlvReader, Tag
from apps.streams.media.names import init_name
from apps.streams.media.packager import Packager
from apps.streams.media.publisher import Publisher
from apps.streams.media.window import LiveWindow, Segment
from tests.load.clock_source import HEIGHT, WIDTH, ClockFrames
from tests.stack import encoder
from tests.stack.running import Stack

FPS = 2
PICTURE = 9


@dataclass
class PastClock:
    """The time at which a picture was taken."""

    now: float

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def record_earlier(stack: Stack, stream_id: str, *, minutes: float) -> None:
    """Let the broadcast `stream_id`, which nobody has published to yet, have been on air for `minutes`.

    Its node will find what another one recorded before it died, and continue it.
    """
    archive = FileArchive(Path(stack.env["AETHEX_DATA_DIR"]) / "recordings")
    prefix = uuid.UUID(stream_id).hex
    window = LiveWindow(MediaConfig(b"", b""), "earlier")

    def keep(segment: Segment) -> None:
        recorded = window.recorded(segment)
        archive.write(f"{prefix}/{init_name(recorded.init)}", [window.inits[segment.init].data])
        archive.write(f"{prefix}/{recorded.name}", [part.data for part in segment.parts])

    began = time.time() - minutes * 60
    clock = PastClock(began)
    publisher = Publisher(window.config, clock)
    publisher.go_on_air(Packager(window, window.config, keep))
    for tag in _film(began, round(minutes * 60 * FPS)):
        clock.now = began + tag.timestamp / 1000
        if tag.kind == PICTURE:
            publisher.on_video(tag.timestamp, tag.body)
    publisher.packager.finish()


def _film(began: float, count: int) -> list[Tag]:
    """Pictures with a clock in them, two a second, a keyframe every two seconds."""
    command = [
        encoder.ffmpeg(), "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p",
        "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-", "-c:v", "libx264", "-preset", "ultrafast",
        "-tune", "zerolatency", "-g", str(2 * FPS), "-sc_threshold", "0", "-f", "flv", "-",
    ]  # fmt: skip
    frames = ClockFrames()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as film:
        assert film.stdin is not None and film.stdout is not None
        pipe = film.stdin

        def shoot() -> None:
            for number in range(count):
                pipe.write(frames.make(round((began + number / FPS) * 1000) & 0xFFFFFFFF))
            pipe.close()

        shooting = threading.Thread(target=shoot)
        shooting.start()
        tags = list(FlvReader().feed(film.stdout.read()))
        shooting.join()
    return tags
