"""Low-latency viewers of one stream: a thousand on one process, three thousand through two edges."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.load import ours
from tests.load.ingest import Encoders, tape
from tests.load.processes import OTHER_CORE, SERVER_CORE, Load, compiled, pinned
from tests.load.recording import MEGABIT
from tests.stack import reader
from tests.stack.running import Process, Stack
from tests.stack.services import free_port

VIEWERS, WATCH_SECONDS = 1000, 20
# From the first viewer that knows of a part, to the one that has it: 19 of 20 viewers.
TARGET_MS = 150
# What two cores can hand to three thousand at all: a small picture in long parts.
EDGES, EDGE_VIEWERS, EDGE_MEGABIT, EDGE_PART_MS = 2, 3000, 1, 1000
ORIGIN_TARGET = 5


@dataclass
class ViewersResult:
    """Milliseconds from the first viewer that learned of a part to each one's last byte of it."""

    viewers: int
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


def folder_of(path: str, base: str) -> str:
    """HOST:PORT/FOLDER of a playlist at `base`, for `hls_load`."""
    return f"{urlsplit(base).netloc}{urlsplit(path).path.rpartition('/')[0]}/"


@contextmanager
def on_air(stack: Stack, folder: Path, megabit: int) -> Iterator[str]:
    """One encoder on a channel that was made for it; the playlist's address."""
    ours.seed(stack, "people", 1)
    channel = ours.seed(stack, "channels", 1)[0]
    seconds = WATCH_SECONDS + 25
    programme = tape(folder, seconds + 5, megabit)
    with Encoders(folder, int(stack.env["RTMP_PORT"]), [channel["key"]], seconds, programme):
        live = reader.await_live(stack, channel)
        yield reader.playlist_url(stack, live)


def measure(stack: Stack, viewers: int = VIEWERS) -> ViewersResult:
    """All of them at the ingest itself."""
    with ours.alone(stack, "ingest") as pid:
        return watch(stack, pid, viewers, [f"http://127.0.0.1:{stack.env['INGEST_PORT']}"], MEGABIT)


def measure_edges(viewers: int = EDGE_VIEWERS) -> ViewersResult:
    """Spread over edges, which have a core to themselves; the core of everything else is the origin's too."""
    with (
        ours.backing() as backing,
        ours.platform(backing, PART_MS=str(EDGE_PART_MS)) as stack,
        edges(stack) as bases,
    ):
        origin = stack.process("ingest").popen
        assert origin
        return watch(stack, origin.pid, viewers, bases, EDGE_MEGABIT)


@contextmanager
def edges(stack: Stack) -> Iterator[list[str]]:
    """The addresses of `EDGES` edges beside the platform."""
    with contextlib.ExitStack() as started:
        bases = []
        for number in range(EDGES):
            port = free_port()
            command = [sys.executable, "manage.py", "edge", "--host", "127.0.0.1", "--port", str(port)]
            log = stack.folder / f"edge{number}.log"
            edge = Process(f"edge{number}", command, stack.env, log, f"http://127.0.0.1:{port}/healthz")
            started.callback(edge.stop)
            with pinned(SERVER_CORE):
                edge.start()
            edge.await_ready()
            bases.append(f"http://127.0.0.1:{port}")
        yield bases


def watch(stack: Stack, pid: int, viewers: int, bases: list[str], megabit: int) -> ViewersResult:
    """Let `viewers` follow one stream at `bases`, and weigh process `pid` meanwhile."""
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as name:
        folder = Path(name)
        with on_air(stack, folder, megabit) as url:
            time.sleep(3)
            binary = compiled("hls_load.c", folder)
            places = [folder_of(url, base) for base in bases]
            command = [str(binary), str(WATCH_SECONDS), str(viewers), *places]
            load = Load.begin(pid)
            with pinned(OTHER_CORE):
                done = subprocess.run(command, capture_output=True, check=False, timeout=WATCH_SECONDS + 30)
            if done.returncode:
                raise RuntimeError(f"hls_load ended with {done.returncode}: {done.stderr.decode()[-300:]}")
            return ViewersResult(viewers, cpu=load.share(), **json.loads(done.stdout))
