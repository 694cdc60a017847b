"""Finds processes that a platform has started by itself."""

from __future__ import annotations

from pathlib import Path

from .running import Stack


def process_of(stack: Stack, command: str, *, role: str = "transcoder") -> int | None:
    """The process of this role, or below it, whose command line has `command`."""
    started = stack.process(role).popen
    assert started is not None
    family = [started.pid, *_descendants(started.pid)]
    return next((pid for pid in family if command in _command_line(pid)), None)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(int(parent), []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        waiting += below
        found += below
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
