"""The platform under test: every process of the Procfile, one of them with a core to itself."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.load.processes import OTHER_CORE, ROOT, SERVER_CORE, family, pinned
from tests.stack import running
from tests.stack.running import Stack
from tests.stack.services import Services, postgres, redis

CHAT_RATE = "1000000/10"


@contextlib.contextmanager
def backing() -> Iterator[Services]:
    """A private PostgreSQL that syncs at every commit and a private Redis, on the core of everything else."""
    with pinned(OTHER_CORE), postgres(durable=True) as postgres_port, redis() as redis_port:
        yield Services(postgres_port, redis_port)


@contextlib.contextmanager
def platform(services: Services, **settings: str) -> Iterator[Stack]:
    """The whole platform on `services` (and on their core), its chat without a limit for one person."""
    settings = {"CHAT_RATE": CHAT_RATE, "LOG_LEVEL": "WARNING"} | settings
    with pinned(OTHER_CORE), running.full(services, **settings) as stack:
        yield stack


@contextlib.contextmanager
def alone(stack: Stack, role: str) -> Iterator[int]:
    """While the block lasts, `role` has the server core to itself; its process id."""
    process = stack.process(role).popen
    assert process
    move(process.pid, SERVER_CORE)
    try:
        yield process.pid
    finally:
        move(process.pid, OTHER_CORE)


def move(pid: int, core: int) -> None:
    """Move `pid` with all its threads and children to `core`."""
    for member in family(pid):
        for thread in Path(f"/proc/{member}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), {core})


def seed(stack: Stack, verb: str, count: int) -> Any:
    """What `seed.py` made: see there."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.load.seed", verb, str(count)],
        cwd=ROOT,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"seeding {verb} failed\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])[verb]
