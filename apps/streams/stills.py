"""One still from a live keyframe, by an ffmpeg that is trusted with nothing.

What an encoder sends is anybody's bytes. The decoder gets them through a pipe, with bounded time, memory and
picture size, decodes one keyframe, and hands back pixels of a size that we chose.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence

from PIL import Image

from apps.core.ffmpeg import ffmpeg_path

WIDTH, HEIGHT = 640, 360
TILE = (160, 90)

_SECONDS = 8
_MEMORY_KB = 1_500_000  # of address space: what a 4K decoder takes with its libraries, and some
_MAX_PIXELS = 4096 * 2304
_MAX_BYTES = 16 * 1024 * 1024
_QUALITY, _TILE_QUALITY = 80, 60

# The picture in its proportions within WIDTH × HEIGHT, on black.
_FIT = (
    f"scale=w='if(gte(dar,{WIDTH}/{HEIGHT}),{WIDTH},max(2,round({HEIGHT}*dar)))'"
    f":h='if(gte(dar,{WIDTH}/{HEIGHT}),max(2,round({WIDTH}/dar)),{HEIGHT})'"
    f",pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2,setsar=1"
)


class NoStill(Exception):
    """These bytes give no picture; the text says why, for the log."""


def still(init: bytes, segment: bytes) -> Image.Image:
    """The keyframe that `segment` begins with, WIDTH × HEIGHT. Raises NoStill."""
    data = init + first_fragment(segment)
    if len(data) > _MAX_BYTES:
        raise NoStill(f"{len(data)} bytes before the second part")
    try:
        done = subprocess.run(_command(), input=data, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NoStill(f"no picture after {_SECONDS} s") from None
    if len(done.stdout) != WIDTH * HEIGHT * 3:
        complaint = done.stderr.decode(errors="replace").strip().splitlines() or ["no picture"]
        raise NoStill(complaint[0][:200])
    return Image.frombytes("RGB", (WIDTH, HEIGHT), done.stdout)


def first_fragment(segment: bytes) -> bytes:
    """The segment up to the end of its first media box: the part with the keyframe."""
    position = 0
    while position + 8 <= len(segment):
        size = int.from_bytes(segment[position : position + 4], "big")
        kind = segment[position + 4 : position + 8]
        position += max(size, 8)
        if kind == b"mdat":
            break
    return segment[:position]


def webp(picture: Image.Image, *, width: int = WIDTH) -> bytes:
    """The still as a file, `width` wide."""
    if width != WIDTH:
        picture = picture.resize((width, width * HEIGHT // WIDTH), Image.Resampling.LANCZOS)
    return _encoded(picture, _QUALITY)


def sheet(pictures: Sequence[Image.Image]) -> bytes:
    """Stills side by side, each as large as TILE, as a file."""
    wide, high = TILE
    canvas = Image.new("RGB", (wide * len(pictures), high))
    for place, picture in enumerate(pictures):
        canvas.paste(picture.resize(TILE, Image.Resampling.LANCZOS), (place * wide, 0))
    return _encoded(canvas, _TILE_QUALITY)


def _encoded(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue()


def _command() -> list[str]:
    # A shell sets the limits between fork and exec, where Python may run nothing in a process with threads.
    limits = f'ulimit -v {_MEMORY_KB}; ulimit -t {_SECONDS}; exec nice -n 10 "$@"'
    return [
        "sh", "-c", limits, "sh",
        ffmpeg_path(), "-hide_banner", "-loglevel", "error", "-nostdin",
        "-threads", "1", "-max_pixels", str(_MAX_PIXELS), "-skip_frame", "nokey",
        "-protocol_whitelist", "pipe", "-f", "mp4", "-i", "pipe:0",
        "-map", "0:v:0", "-frames:v", "1", "-filter_threads", "1", "-vf", _FIT,
        "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
    ]  # fmt: skip
