"""Pages: signed-out visitors ask for home and for the watch page of a running stream, as fast as it goes."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.load import ours
from tests.load.ingest import Encoders, tape
from tests.load.processes import OTHER_CORE, Load, compiled, pinned
from tests.stack.running import Stack
from tests.stack.services import wait_until

CHANNELS, LIVE, VISITORS, SECONDS, RUNS = 40, 12, 32, 5, 3


@dataclass
class PageResult:
    """Requests a second and times of one page; the middle of `RUNS` runs by rate."""

    name: str
    path: str
    rate: float
    p50: float
    p99: float
    cpu: float
    kib: float


def ask(binary: Path, pid: int, port: int, name: str, path: str, seconds: float) -> PageResult:
    """One run on one page; raises RuntimeError when an answer was not 200."""
    load = Load.begin(pid)
    with pinned(OTHER_CORE):
        command = [str(binary), str(port), path, str(VISITORS), str(seconds)]
        told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    if told["refused"]:
        raise RuntimeError(f"{path}: {told['refused']} of {told['answers']} answers were not 200")
    return PageResult(name, path, told["rate"], told["p50"], told["p99"], load.share(), told["body"] / 1024)


def median_run(binary: Path, pid: int, port: int, name: str, path: str) -> PageResult:
    """The middle of `RUNS` runs after a short one to warm up."""
    ask(binary, pid, port, name, path, 1)
    runs = [ask(binary, pid, port, name, path, SECONDS) for _ in range(RUNS)]
    return sorted(runs, key=lambda run: run.rate)[RUNS // 2]


def measure(stack: Stack) -> list[PageResult]:
    """Home and watch page with `LIVE` of `CHANNELS` channels on air (their encoders run meanwhile)."""
    ours.seed(stack, "people", CHANNELS)
    channels = ours.seed(stack, "channels", CHANNELS)
    port = int(stack.env["WEB_PORT"])
    pages = {"home": "/", "watch page": f"/streams/{channels[0]['slug']}"}
    seconds = 15 + len(pages) * (2 + RUNS * (SECONDS + 1))
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as name:
        folder = Path(name)
        binary = compiled("http_load.c", folder)
        keys = [channel["key"] for channel in channels[:LIVE]]
        with Encoders(folder, int(stack.env["RTMP_PORT"]), keys, seconds, tape(folder, seconds)):
            wait_until(lambda: is_live(stack, channels[0]["slug"]), "the first channel")
            time.sleep(3)
            with ours.alone(stack, "web") as pid:
                return [median_run(binary, pid, port, page, path) for page, path in pages.items()]


def is_live(stack: Stack, slug: str) -> bool:
    """Whether the API says that the channel is on air."""
    answer = httpx.get(f"{stack.url}/api/stream/status", params={"channel": slug}, timeout=10)
    return bool(answer.json().get("isLive"))
