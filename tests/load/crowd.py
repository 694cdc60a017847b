"""The crowd: pages of a large site at a steady rate, for visitors and for people who are signed in.

A request's time runs from when it was due, not from when a connection was free for it: a server that falls
behind can't hide it.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from itertools import count, cycle

import psycopg

from tests.load import ours
from tests.load.processes import ROOT, Load, family
from tests.stack.running import Stack

PEOPLE, CHANNELS, LIVE = 100_000, 10_000, 500
RATE, SECONDS, CONNECTIONS, SIGNED_IN = 50, 10, 16, 200
PAGES = {"home": "/", "browse": "/discover", "channel page": "/c/{slug}", "watch page": "/streams/{slug}"}


@dataclass
class CrowdResult:
    """Times in ms and the share of one core that the web processes took, of one page."""

    name: str
    who: str
    p50: float
    p99: float
    worst: float
    cpu: float


def measure(*, quick: bool = False) -> tuple[float, list[CrowdResult]]:
    """How long the seeding took (s), and each page for both kinds of people."""
    shrink = 50 if quick else 1
    with ours.backing() as backing, ours.platform(backing, WEB_WORKERS="2") as stack:
        began = time.monotonic()
        sizes = {"people": PEOPLE // shrink, "channels": CHANNELS // shrink, "live": LIVE // shrink}
        _seed(stack, sizes)
        seeded = time.monotonic() - began
        pid = _everywhere(stack)
        known = ours.seed(stack, "readers", SIGNED_IN)
        _await_rest(stack)
        results = []
        for who, cookies in (("visitors", [""]), ("signed in", known["cookies"])):
            for name, path in PAGES.items():
                page = path.format(slug=known["slug"])
                ask(
                    stack, page, cookies, 2
                )  # what is kept for some seconds is there then, as it is on a site
                load = Load.begin(pid)
                times = ask(stack, page, cookies, 3 if quick else SECONDS)
                results.append(
                    CrowdResult(name, who, _at(times, 0.5), _at(times, 0.99), times[-1], load.share())
                )
    return seeded, results


def ask(stack: Stack, path: str, cookies: list[str], seconds: float) -> list[float]:
    """Ask `RATE` times a second; the times from when each was due, in ms, sorted.

    Raises RuntimeError when an answer is not 200.
    """
    due, cookie, lock = count(), cycle(cookies), threading.Lock()
    begin, times, refused = time.monotonic() + 0.1, [], []

    def work() -> None:
        line = http.client.HTTPConnection("127.0.0.1", int(stack.env["WEB_PORT"]), timeout=10)
        while True:
            with lock:
                number, whose = next(due), next(cookie)
            moment = begin + number / RATE
            if number >= seconds * RATE:
                return
            time.sleep(max(0.0, moment - time.monotonic()))
            headers = {"Cookie": whose} if whose else {}
            line.request("GET", path, headers=headers | {"X-Forwarded-For": "127.0.0.1"})
            answer = line.getresponse()
            answer.read()
            times.append(1000 * (time.monotonic() - moment))
            if answer.status != 200:
                refused.append(answer.status)

    workers = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if refused or len(times) < seconds * RATE:
        raise RuntimeError(f"{path}: {len(times)} answers, not 200: {refused[:5]}")
    return sorted(times)


def _at(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


def _seed(stack: Stack, sizes: dict[str, int]) -> None:
    arguments = [argument for name, size in sizes.items() for argument in (f"--{name}", str(size))]
    subprocess.run(
        [sys.executable, "manage.py", "seed", *arguments],
        cwd=ROOT, env=stack.env, check=True, capture_output=True,
    )  # fmt: skip


def _await_rest(stack: Stack) -> None:
    """Return when what the seeding left in the database's memory is on disk, not written while pages wait."""
    with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _everywhere(stack: Stack) -> int:
    """Let the web processes use all cores, as on a machine of their own; the process id of the first."""
    process = stack.process("web").popen
    assert process
    for member in family(process.pid):
        for thread in os.listdir(f"/proc/{member}/task"):
            os.sched_setaffinity(int(thread), range(os.cpu_count() or 1))
    return process.pid
