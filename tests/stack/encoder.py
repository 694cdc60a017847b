"""A foreign encoder: ffmpeg publishing a moving test picture and a tone over RTMP or SRT."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator


def ffmpeg() -> str:
    """The system's ffmpeg, or the one that comes with our dependencies."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def start(
    url: str,
    *,
    seconds: float = 300,
    size: str = "320x180",
    fps: int = 30,
    gop_seconds: float = 2,
    picture: str = "",
    rate: str = "-b:v 400k",
    sound: str = "sine=frequency=440:sample_rate=48000",
) -> subprocess.Popen[str]:
    """Start publishing to `url` in real time, H.264 and AAC, a keyframe every 2 s.

    `picture` is what ffmpeg does with the test picture, `rate` how it spends bits on it, `sound` where the
    sound comes from.
    """
    command = [
        ffmpeg(), "-hide_banner", "-loglevel", "warning", "-nostdin", "-re",
        "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}{picture}",
        "-re", "-f", "lavfi", "-i", sound,
        "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
        "-pix_fmt", "yuv420p", "-g", str(int(gop_seconds * fps)), *rate.split(), "-c:a", "aac", "-b:a", "96k",
        "-f", "mpegts" if url.startswith("srt://") else "flv", url,
    ]  # fmt: skip
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def stop(process: subprocess.Popen[str]) -> str:
    """End the encoder at once, as a pulled plug does; what it complained of."""
    process.kill()
    return process.communicate()[1]


@contextlib.contextmanager
def publishing(url: str, **options: float | str | int) -> Iterator[subprocess.Popen[str]]:
    """An encoder that runs while the block does."""
    process = start(url, **options)  # type: ignore[arg-type]
    try:
        yield process
    finally:
        if process.poll() is None:
            stop(process)
