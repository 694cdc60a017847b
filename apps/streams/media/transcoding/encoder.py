"""One ffmpeg for all pictures of a stream: the source in at a pipe, H.264 in FLV out at one pipe each.

What an encoder sends is anybody's bytes: ffmpeg has bounded memory, a low priority, and opens nothing but
these pipes. It ends by itself when the process that started it does: its pipes end.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from typing import IO, Protocol

_MEMORY_KB = 6_000_000
_MAX_PIXELS = 4096 * 2304
_STOP_SECONDS = 2
_COMPLAINTS = 5
_WAITING_MOST = 200
"""So many parts of the source wait for ffmpeg: 40 s of them."""


class Picture(Protocol):
    """What is made of the source: its height in pixels and its bits a second."""

    @property
    def height(self) -> int: ...

    @property
    def bitrate(self) -> int: ...


class Encoder:
    """A running ffmpeg. `feed` takes the fragmented MP4; `outputs` give FLV, in the order of `pictures`.
    They end when it does."""

    def __init__(self, ffmpeg: str, pictures: Sequence[Picture], *, threads: int, niceness: int) -> None:
        pipes = [os.pipe() for _ in pictures]
        ends = [write for _, write in pipes]
        self._process = subprocess.Popen(
            _command(ffmpeg, list(zip(pictures, ends, strict=True)), threads, niceness),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=ends,
            bufsize=0,
        )
        for end in ends:
            os.close(end)
        self.outputs: list[IO[bytes]] = [os.fdopen(read, "rb", buffering=0) for read, _ in pipes]
        self._fed: queue.Queue[bytes | None] = queue.Queue(_WAITING_MOST)
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()
        self._complaints: deque[str] = deque(maxlen=_COMPLAINTS)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def complaint(self) -> str:
        """The last thing that it said, for the log; when it has ended."""
        self._listener.join(_STOP_SECONDS)
        return self._complaints[-1] if self._complaints else "it said nothing"

    def feed(self, data: bytes) -> None:
        """The next part of the source, which waits until ffmpeg takes it; queue.Full when too many do."""
        self._fed.put_nowait(data)

    def stop(self) -> None:
        """End it, whatever it is doing; whoever reads its outputs gets to their end."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        with contextlib.suppress(queue.Full):
            self._fed.put_nowait(None)
        self._writer.join(_STOP_SECONDS)

    def close(self) -> None:
        """Let go of its pipes, when it was stopped and no thread uses them."""
        assert self._process.stdin is not None
        for pipe in (self._process.stdin, *self.outputs):
            pipe.close()

    def _write(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended, which its outputs tell
            while (data := self._fed.get()) is not None:
                view = memoryview(data)
                while view:
                    view = view[self._process.stdin.write(view) :]

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaints.append(line.decode(errors="replace").strip()[:200])


def encoding(bitrate: int, *, threads: int) -> list[str]:
    """How a picture is encoded: no picture waits for another, and keyframes are the source's alone."""
    rate = str(bitrate)
    return [
        "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "main",
        "-pix_fmt", "yuv420p", "-threads", str(threads), "-g", "100000", "-sc_threshold", "0",
        "-forced-idr", "1", "-b:v", rate, "-maxrate", rate, "-bufsize", rate,
    ]  # fmt: skip


def _command(ffmpeg: str, outputs: Sequence[tuple[Picture, int]], threads: int, niceness: int) -> list[str]:
    # A shell sets the limits between fork and exec, where Python may run nothing in a process with threads.
    command = ["sh", "-c", f'ulimit -v {_MEMORY_KB}; exec nice -n {niceness} "$@"', "sh"]
    command += [
        ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-copyts", "-fpsprobesize", "0",
        "-analyzeduration", "0", "-threads", "1", "-max_pixels", str(_MAX_PIXELS),
        "-protocol_whitelist", "pipe", "-f", "mp4", "-i", "pipe:0",
    ]  # fmt: skip
    for picture, pipe in outputs:
        # Every picture of the source becomes one, at its very time: parts are cut by it.
        command += [
            "-map", "0:v:0", "-vf", f"scale=-2:{picture.height}", "-fps_mode", "passthrough",
            "-enc_time_base", "-1", "-force_key_frames", "source",
            *encoding(picture.bitrate, threads=threads),
            "-flush_packets", "1", "-flvflags", "no_duration_filesize", "-f", "flv", f"pipe:{pipe}",
        ]  # fmt: skip
    return command
