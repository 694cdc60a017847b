"""Chat at other sizes than the thousand of `chat`: a small room, a stadium, and people who never read.

Ours alone: the peer that inserts each message is over its limit at a thousand viewers already.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tests.load.chat import Phase, Room, full_room, our_room, run_phase, steady
from tests.load.processes import compiled, resident_kib
from tests.stack.running import Stack

RATE = 100
SECONDS = 10


@dataclass(frozen=True)
class Size:
    """So many viewers, and what is promised of the delay there, in ms."""

    viewers: int
    p99: float


SIZES = (Size(100, 20), Size(5_000, 130), Size(10_000, 250))
STALLED, OF, FAST = 50, 300, 1_000


@dataclass
class SizeResult:
    size: Size
    phase: Phase
    handshakes: float
    kib: float


@dataclass
class StalledResult:
    """What `STALLED` of `OF` viewers cost that never read: memory in MiB, and the others' deliveries."""

    before: Phase
    after: Phase
    mib: float


def measure(stack: Stack, sizes: tuple[Size, ...] = SIZES) -> tuple[list[SizeResult], StalledResult]:
    """Each size in a room and a server process of its own; then the stalled."""
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as name:
        folder = Path(name)
        binary = compiled("ws_load.c", folder)
        rooms = []
        for size in sizes:
            with our_room(stack, folder, size.viewers) as room:
                rooms.append(_measure_size(binary, room, size))
        with our_room(stack, folder, OF) as room:
            return rooms, _measure_stalled(binary, room)


def _measure_size(binary: Path, room: Room, size: Size) -> SizeResult:
    before = resident_kib(room.pid)
    with full_room(binary, room, size.viewers) as (generator, joined):
        time.sleep(2)
        kib = (resident_kib(room.pid) - before) / size.viewers
        run_phase(generator, room, "rate 10 1")  # warm
        phase = steady(generator, room, f"rate {RATE} {SECONDS}")
        return SizeResult(size, phase, joined["handshakes"], kib)


def _measure_stalled(binary: Path, room: Room) -> StalledResult:
    with full_room(binary, replace(room, window=200), OF) as (generator, _):
        before = steady(generator, room, f"rate {FAST} {SECONDS}")
        memory = resident_kib(room.pid)
        generator.command(f"stall {STALLED} 0")
        after = steady(generator, room, f"rate {FAST} {SECONDS}")
        return StalledResult(before, after, (resident_kib(room.pid) - memory) / 1024)
