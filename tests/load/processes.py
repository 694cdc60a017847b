"""Starting, pinning, weighing and ending the programs of a measurement."""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
USABLE = sorted(os.sched_getaffinity(0))
SERVER_CORE, OTHER_CORE = USABLE[0], USABLE[-1]  # the program under test; everything else


class Missing(Exception):
    """A program that this measurement needs is not installed; the text says which and how to get it."""


def need(program: str, package: str) -> str:
    """The path of `program`, or `Missing` naming Debian's `package`."""
    found = shutil.which(program)
    if not found:
        raise Missing(f"{program} is not installed (Debian: apt install {package})")
    return found


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run the block, and every program started in it, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def program(
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    core: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in a session of its own while the block lasts; its output goes to `log`.

    At the end the whole session gets SIGTERM, and SIGKILL if it is still there after eight seconds.
    """
    with log.open("ab") as output, pinned(core) if core is not None else contextlib.nullcontext():
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def touch_memory(gigabytes: int = 8) -> None:
    """Write once to every page of so much memory, at most half of what is free, and give it back.

    On a virtual machine the first touch of a page is its host's work and counts for the program that happens
    to do it, many times what a page costs once the machine has run for a day.
    """
    free = os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE
    size = min(gigabytes << 30, free // 2)
    with mmap.mmap(-1, size) as memory:
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1


def end(process: subprocess.Popen[bytes], patience: float = 8) -> None:
    """Ask `process` and its session to go, wait for `patience` seconds, then insist."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # children that outlived their parent


def family(pid: int) -> list[int]:
    """`pid` and all its living descendants."""
    members = [pid]
    for member in members:
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{member}/task").glob("*/children")
            members += [int(child) for file in children for child in file.read_text().split()]
    return members


def cpu_seconds(pid: int) -> float:
    """Processor time that `pid` and its living descendants have used so far."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_kib(pid: int) -> int:
    """Resident memory of `pid` and its descendants in KiB; shared pages count once for each."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{member}/status").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total


@dataclass
class Load:
    """What a process used of one core, in per cent, between `begin` and `share()`."""

    pid: int
    cpu: float
    at: float

    @classmethod
    def begin(cls, pid: int) -> Load:
        return cls(pid, cpu_seconds(pid), time.monotonic())

    def share(self) -> float:
        """Per cent of one core since `begin`."""
        return 100 * (cpu_seconds(self.pid) - self.cpu) / (time.monotonic() - self.at)


@dataclass
class Theft:
    """What this machine's cores had to do and its host gave to other machines, in per cent of their time,
    between `begin` and `share()`. Whatever was measured meanwhile waited for that."""

    stolen: int
    total: int

    @classmethod
    def begin(cls) -> Theft:
        return cls(*cls._now())

    def share(self) -> float:
        """Per cent of all cores since `begin`; 0 on a machine of one's own."""
        stolen, total = self._now()
        return 100 * (stolen - self.stolen) / max(total - self.total, 1)

    @staticmethod
    def _now() -> tuple[int, int]:
        # user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
        ticks = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return ticks[7], sum(ticks)


def install(folder: Path) -> None:
    """What the lock file in `folder` pins, by npm; raises `Missing` when that fails."""
    command = [need("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"npm could not install {folder.name}: {done.stderr.strip()[-300:]}")


def compiled(source: str, folder: Path) -> Path:
    """Compile the C program `source` of this package into `folder`."""
    binary = folder / Path(source).stem
    compiler = need("cc", "gcc")
    subprocess.run([compiler, "-O2", "-o", binary, HERE / source, "-lz"], check=True)
    return binary


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of `log`, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
