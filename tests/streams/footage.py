"""Recordings for tests: what our own packager makes of a picture that ffmpeg drew."""

from __future__ import annotations

import functools
import subprocess

from apps.core.ffmpeg import ffmpeg_path
from apps.streams.archive import recordings_archive
from apps.streams.media.flv import FlvReader
from apps.streams.media.names import init_name, recorded_as
from apps.streams.models import Broadcast
from tests.streams.media.studio import Studio

INIT = "e000"
H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"


@functools.cache
def footage(picture: str, *, seconds: float = 4, video: str = H264) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The init segment and the named segments, 2 s each, of `picture` (a lavfi source)."""
    command = f"{ffmpeg_path()} -loglevel error -f lavfi -i {picture} -t {seconds} {video} -r 10 -g 20 -an"
    flv = subprocess.run([*command.split(), "-f", "flv", "-"], capture_output=True, check=True, timeout=120)
    studio = Studio()
    studio.play(FlvReader().feed(flv.stdout))
    named = [
        (recorded_as(segment, INIT).name, b"".join(part.data for part in segment.parts))
        for segment in studio.window.segments
    ]
    return studio.window.inits[0].data, named


def record(broadcast: Broadcast, picture: str, *, seconds: float = 4, video: str = H264) -> list[str]:
    """Put footage of `picture` into the broadcast's recording; the segments' names."""
    init, segments = footage(picture, seconds=seconds, video=video)
    keep(broadcast, init_name(INIT), init)
    for name, data in segments:
        keep(broadcast, name, data)
    return [name for name, _ in segments]


def keep(broadcast: Broadcast, name: str, data: bytes) -> None:
    recordings_archive().write(f"{broadcast.pk.hex}/{name}", [data])
