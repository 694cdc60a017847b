"""A thousand low-latency viewers of one stream of 6 Mbit/s, on one process of ours."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.load import ours
from tests.load.ingest import Encoders, tape
from tests.load.processes import OTHER_CORE, Load, compiled, pinned
from tests.stack import reader
from tests.stack.running import Stack

VIEWERS, WATCH_SECONDS = 1000, 20
# From the first viewer that knows of a part, to the one that has it: 19 of 20 viewers.
TARGET_MS = 150


@dataclass
class ViewersResult:
    """Milliseconds from the first viewer that learned of a part to each one's last byte of it."""

    viewers: int
    bases: int
    p50: float
    p95: float
    p99: float
    in_time: float
    """The share of parts that came before anybody knew of the next one."""
    rate: float
    megabit: float
    refused: int
    lost: int
    cpu: float
    """Per cent of one core that the ingest used meanwhile, the encoder included."""
    bitrate: float
    """Mbit/s of the picture, as published."""


def folder_of(url: str, base: str | None = None) -> str:
    """HOST:PORT/FOLDER of a playlist, at `base` (an edge's address) instead of where the API has it."""
    parts = urlsplit(url)
    where = urlsplit(base).netloc if base else parts.netloc
    return f"{where}{parts.path.rpartition('/')[0]}/"


@contextmanager
def on_air(stack: Stack, folder: Path, seconds: float) -> Iterator[str]:
    """One encoder of 6 Mbit/s on a channel that was made for it; the playlist's address at the ingest."""
    ours.seed(stack, "people", 1)
    channel = ours.seed(stack, "channels", 1)[0]
    programme = tape(folder, seconds + 5)
    with Encoders(folder, int(stack.env["RTMP_PORT"]), [channel["key"]], seconds, programme):
        live = reader.await_live(stack, channel)
        yield reader.playlist_url(stack, live)


def measure(stack: Stack, viewers: int = VIEWERS, bases: tuple[str, ...] = ()) -> ViewersResult:
    """All viewers at the ingest itself, or spread over `bases`, edges that serve the same paths."""
    at_ingest = f"http://127.0.0.1:{stack.env['INGEST_PORT']}"
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as name, ours.alone(stack, "ingest") as pid:
        folder = Path(name)
        seconds = WATCH_SECONDS + 25
        with on_air(stack, folder, seconds) as url:
            time.sleep(3)
            places = [folder_of(url, base) for base in bases or (at_ingest,)]
            binary = compiled("hls_load.c", folder)
            command = [str(binary), str(WATCH_SECONDS), str(viewers), *places]
            load = Load.begin(pid)
            with pinned(OTHER_CORE):
                done = subprocess.run(command, capture_output=True, check=False, timeout=WATCH_SECONDS + 30)
            if done.returncode:
                raise RuntimeError(f"hls_load ended with {done.returncode}: {done.stderr.decode()[-300:]}")
            told = json.loads(done.stdout)
            return ViewersResult(viewers, len(places), cpu=load.share(), bitrate=6.16, **told)
