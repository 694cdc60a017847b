"""Ingest: thirty encoders of 6 Mbit/s at once, on our ingest process and on nginx-rtmp, on the same core."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.load import ours, recording
from tests.load.nginx_peer import nginx
from tests.load.processes import OTHER_CORE, SERVER_CORE, Load, compiled, end, pinned, resident_kib
from tests.stack.running import Stack

# Settled: our live window (40 s and what it keeps behind them) is full, so that memory is used again.
ENCODERS, SETTLE_SECONDS, WATCH_SECONDS = 30, 48, 15
MANY = 100


@dataclass
class IngestResult:
    """Per cent of one core that one encoder costs (`each`), by all of them together (`total`)."""

    name: str
    total: float
    each: float
    megabit: float
    encoders: int
    mib: float
    late: int


class Encoders:
    """A running `rtmp_load` with an encoder for every key."""

    def __init__(self, folder: Path, port: int, keys: list[str], seconds: float, tape: Path) -> None:
        binary = compiled("rtmp_load.c", folder)
        hellos = []
        for i, key in enumerate(keys):
            hello = folder / f"hello-{port}-{i}"
            hello.write_bytes(recording.hello(port, key))
            hellos.append(str(hello))
        command = [str(binary), str(port), str(tape), str(seconds), *hellos]
        with pinned(OTHER_CORE):
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)

    def __enter__(self) -> Encoders:
        return self

    def __exit__(self, *_: object) -> None:
        end(self.process)

    def result(self) -> dict[str, float]:
        """Wait for the end; what the program tells about it. Raises RuntimeError when it failed."""
        output, _ = self.process.communicate(timeout=120)
        if self.process.returncode:
            raise RuntimeError(f"rtmp_load ended with code {self.process.returncode}")
        told: dict[str, float] = json.loads(output)
        return told


def tape(folder: Path, seconds: float, megabit: int = recording.MEGABIT) -> Path:
    """The programme made ready, `seconds` long."""
    path = folder / "tape"
    path.write_bytes(recording.record(recording.encode(folder, megabit), seconds))
    return path


def watch(name: str, folder: Path, pid: int, port: int, keys: list[str], programme: Path) -> IngestResult:
    """Let everybody publish, wait until it runs evenly, and weigh the server for `WATCH_SECONDS`."""
    seconds = SETTLE_SECONDS + WATCH_SECONDS + 2
    with Encoders(folder, port, keys, seconds, programme) as encoders:
        time.sleep(SETTLE_SECONDS)
        load = Load.begin(pid)
        time.sleep(WATCH_SECONDS)
        share, memory = load.share(), resident_kib(pid) / 1024
        told = encoders.result()
    if told["broken"]:
        raise RuntimeError(f"{name} hung up on {told['broken']} of {len(keys)} encoders")
    each = share / len(keys)
    return IngestResult(name, share, each, told["megabit"] / seconds, len(keys), memory, int(told["late"]))


def measure(stack: Stack, encoders: int = ENCODERS) -> list[IngestResult]:
    """Ours, recording included, then the peer with HLS segments written to disk."""
    ours.seed(stack, "people", encoders)
    keys = [channel["key"] for channel in ours.seed(stack, "channels", encoders)]
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as name:
        folder = Path(name)
        programme = tape(folder, SETTLE_SECONDS + WATCH_SECONDS + 5)
        with ours.alone(stack, "ingest") as pid:
            port = int(stack.env["RTMP_PORT"])
            results = [watch("AeThex LIVE", folder, pid, port, keys, programme)]
        with nginx(folder / "nginx", core=SERVER_CORE) as peer:
            names = [f"encoder{i}" for i in range(encoders)]
            results.append(watch("nginx-rtmp", folder, peer.pid, peer.rtmp_port, names, programme))
    return results


def measure_many(stack: Stack, encoders: int = MANY) -> IngestResult:
    """Ours alone, with as many encoders as one core should carry."""
    ours.seed(stack, "people", encoders)
    keys = [channel["key"] for channel in ours.seed(stack, "channels", encoders)]
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as name, ours.alone(stack, "ingest") as pid:
        folder = Path(name)
        programme = tape(folder, SETTLE_SECONDS + WATCH_SECONDS + 5)
        return watch("AeThex LIVE", folder, pid, int(stack.env["RTMP_PORT"]), keys, programme)
