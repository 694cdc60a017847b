"""A camera whose picture tells when it was made, so that a delay can be read from the picture itself.

The top 16 rows of every 640x360 frame are 40 blocks of 16x16 pixels, black for 0 and white for 1, most
significant bit first: 32 bits of epoch milliseconds (modulo 2**32) and 8 bits of checksum. Whoever shows the
frame reads the blocks and subtracts them from its own clock on the same machine: the difference contains
encoder, network, server, player, decoder and compositor. `clock_reader.js` does so in a browser.

    python -m tests.load.clock_source --seconds 10 |
        ffmpeg -f rawvideo -pix_fmt yuv420p -s 640x360 -r 30 -i - ...
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

WIDTH, HEIGHT, FPS = 640, 360, 30
BLOCK = 16
BITS, CHECK_BITS = 32, 8
BLACK, WHITE = 16, 235  # limited-range luma, as every encoder of live video expects
ROOT = Path(__file__).resolve().parents[2]
CLOCK_READER = Path(__file__).with_name("clock_reader.js").read_text(encoding="utf-8")


def checksum(stamp: int) -> int:
    """Fold the four bytes of `stamp` into one; not 0 for 0, so that a black picture is no valid clock."""
    total = 0xA5
    for shift in (24, 16, 8, 0):
        total = (total * 31 + (stamp >> shift & 0xFF)) & 0xFF
    return total


def stamp_row(stamp: int) -> bytes:
    """One luma row of `WIDTH` bytes that carries `stamp` (0 ≤ stamp < 2**32) and its checksum."""
    word = stamp << CHECK_BITS | checksum(stamp)
    top = BITS + CHECK_BITS - 1
    return b"".join(
        bytes([WHITE if word >> (top - i) & 1 else BLACK]) * BLOCK for i in range(BITS + CHECK_BITS)
    )


def read_row(row: Sequence[int]) -> int | None:
    """The stamp in a luma row (its width a multiple of 40), or None when the checksum does not fit."""
    step = len(row) // (BITS + CHECK_BITS)
    word = 0
    for i in range(BITS + CHECK_BITS):
        word = word << 1 | (row[i * step + step // 2] > 128)
    stamp = word >> CHECK_BITS
    return stamp if checksum(stamp) == word & 0xFF else None


def picture_rows() -> bytes:
    """Luma rows, twice as many as one frame needs; a window that slides over them is a moving picture."""
    ramp = bytes(BLACK + (x * (WHITE - BLACK)) // (2 * WIDTH) for x in range(2 * WIDTH))
    rows = [ramp[(y * 5) % WIDTH : (y * 5) % WIDTH + WIDTH] for y in range(HEIGHT)]
    return b"".join(rows) * 2


class ClockFrames:
    """Frames in yuv420p: a clock row above a picture that slides."""

    def __init__(self) -> None:
        self._rows = picture_rows()
        self._chroma = bytes([110]) * (WIDTH * HEIGHT // 4) + bytes([150]) * (WIDTH * HEIGHT // 4)
        self._count = 0

    def make(self, stamp: int) -> bytes:
        """The next frame (345,600 bytes), stamped with `stamp`."""
        offset = self._count * 3 % HEIGHT * WIDTH
        self._count += 1
        picture = self._rows[offset : offset + WIDTH * (HEIGHT - BLOCK)]
        return b"".join((stamp_row(stamp) * BLOCK, picture, self._chroma))


def run(seconds: float) -> None:
    """Write frames to stdout at `FPS` for `seconds` (0 = until the reader goes), stamped as they are made."""
    frames, out = ClockFrames(), sys.stdout.buffer
    start = time.monotonic()
    number = 0
    while not seconds or number < seconds * FPS:
        pause = start + number / FPS - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        elif pause < -1:
            start -= pause  # the reader stood still: go on from now instead of racing after the lost second
        try:
            out.write(frames.make(int(time.time() * 1000) & 0xFFFFFFFF))
            out.flush()
        except BrokenPipeError:
            sys.stderr.close()  # the reader is gone, which is how this camera is switched off
            return
        number += 1


def ffmpeg_command(
    rtmp_url: str,
    *,
    ffmpeg: str = "ffmpeg",
    keyframe_seconds: float = 2,
    bitrate_kbps: int = 1500,
    preset: str = "ultrafast",
    zerolatency: bool = True,
    audio: bool = True,
    loglevel: str = "error",
) -> list[str]:
    """The encoder's command line: frames on stdin, H.264 and AAC out to `rtmp_url`."""
    command = [ffmpeg, "-hide_banner", "-loglevel", loglevel, "-nostats"]
    command += ["-probesize", "32", "-fflags", "nobuffer", "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    command += ["-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "pipe:0"]
    if audio:
        command += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
        command += ["-c:a", "aac", "-b:a", "96k", "-ac", "2"]
    gop = str(round(keyframe_seconds * FPS))
    command += ["-c:v", "libx264", "-preset", preset, "-pix_fmt", "yuv420p", "-threads", "1"]
    command += ["-g", gop, "-keyint_min", gop, "-sc_threshold", "0"]
    command += ["-b:v", f"{bitrate_kbps}k", "-maxrate", f"{bitrate_kbps}k", "-bufsize", f"{bitrate_kbps}k"]
    if zerolatency:
        command += ["-tune", "zerolatency"]
    return [*command, "-flush_packets", "1", "-f", "flv", rtmp_url]


def publish(rtmp_url: str, *, seconds: float = 0, **options: object) -> subprocess.Popen[bytes]:
    """Start the camera and an encoder that publishes it; returns the encoder.

    `options` are those of `ffmpeg_command`. `terminate()` is a clean end, `kill()` a dropped encoder; in both
    cases the camera goes with it. The encoder's complaints are on its `stderr`.
    """
    camera = subprocess.Popen(
        [sys.executable, "-m", "tests.load.clock_source", "--seconds", str(seconds)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        return subprocess.Popen(
            ffmpeg_command(rtmp_url, **options),  # type: ignore[arg-type]
            stdin=camera.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except OSError:
        camera.kill()
        raise
    finally:
        if camera.stdout:
            camera.stdout.close()  # the encoder holds the only reading end: its death ends the camera


def main() -> None:
    """Command line: `python -m tests.load.clock_source [--seconds S] [--publish RTMP_URL]`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0, help="how long; 0 = until the reader goes away")
    parser.add_argument(
        "--publish", metavar="RTMP_URL", help="encode and publish instead of writing raw frames"
    )
    arguments = parser.parse_args()
    if arguments.publish:
        raise SystemExit(publish(arguments.publish, seconds=arguments.seconds).wait())
    run(arguments.seconds)


if __name__ == "__main__":
    main()
