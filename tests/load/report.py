"""What was measured, as Markdown: a part a section, kept in docs/benchmarks.md between two comments."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.load.chat import ARRIVALS, RUNS, TRIES, Phase, RoomResult
from tests.load.crowd import CrowdResult
from tests.load.delay import DelayResult
from tests.load.ingest import IngestResult
from tests.load.pages import PageResult
from tests.load.processes import ROOT
from tests.load.stadium import FAST, OF, RATE, STALLED, SizeResult, StalledResult

PAGE = ROOT / "docs" / "benchmarks.md"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [list(map(str, head)), ["---", *["---:"] * (len(head) - 1)]]
    lines += [list(map(str, row)) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def against(value: float, target: float, *, least: bool = False) -> str:
    """Whether a target was met, in words that stay true when it was not."""
    return "met" if (value >= target if least else value <= target) else "**missed**"


def delay(results: list[DelayResult]) -> str:
    """The table of delays, ours against the targets and the peer."""
    ours, peer = results
    join_ours, join_peer = max(ours.join_delay), max(peer.join_delay)

    def row(what: str, mine: float, its: float, target: float) -> list[str]:
        return [
            what,
            f"{mine / 1000:.2f} s",
            f"{its / 1000:.2f} s",
            f"{its / mine:.1f}",
            f"≤ {target} s",
            against(mine, target * 1000),
        ]

    rows = [
        row("delay of an open page, p50", ours.p50, peer.p50, 0.9),
        row("the same, p95", ours.p95, peer.p95, 1.0),
        row("delay of who joins late, worst", join_ours, join_peer, 1.3),
        row("publish → first frame on an open page", ours.start, peer.start, 1.0),
        row("the encoder is back → its first frame", ours.back, peer.back, 1.5),
    ]
    more = (
        f"Stalls (more than half a second without a new frame): {ours.stalls} against {peer.stalls}. "
        f"Joins ({len(ours.join_delay)} each): median delay {seconds(ours.join_delay)} against "
        f"{seconds(peer.join_delay)}; page opened → first frame, median {seconds(ours.join_first)} against "
        f"{seconds(peer.join_first)}. Five seconds after the encoder came back the delay was "
        f"{ours.back_delay / 1000:.2f} s against {peer.back_delay / 1000:.2f} s."
    )
    return table(["", ours.name, peer.name, "peer ÷ ours", "target", ""], rows) + "\n\n" + more


def seconds(values: list[float]) -> str:
    """The median of milliseconds, in seconds."""
    return f"{statistics.median(values) / 1000:.2f} s"


def ingest(results: list[IngestResult]) -> str:
    """The table of what encoders cost."""
    ours, peer = results
    rows = [
        [
            result.name,
            result.encoders,
            f"{result.megabit:.0f} Mbit/s",
            f"{result.total:.1f} %",
            f"{result.each:.2f} %",
            f"{result.mib:.0f} MiB",
        ]
        for result in results
    ]
    head = ["", "encoders", "received", "of one core", "each", "memory"]
    more = (
        f"nginx-rtmp ÷ ours: {peer.each / ours.each:.1f}. "
        f"Target ≤ 0.3 % each: {against(ours.each, 0.3)}. "
        f"Late messages of the sender: {ours.late} and {peer.late}."
    )
    return table(head, rows) + "\n\n" + more


def chat(results: list[RoomResult], viewers: int) -> str:
    """The table of rooms: steady rates, then saturation with its ratio to the peer."""
    ours, peer = results[0], results[1]
    assert ours.full and peer.full
    peer_rate = peer.full.rate

    def steady(result: RoomResult, rate: int) -> str:
        phase = result.steady.get(rate)
        if phase is None:
            return "cannot"
        if phase.delivered < 0.9995 or phase.rate < rate * 0.95:
            return f"{phase.rate:.0f} of {rate}/s, p99 {phase.p99:.0f}"
        return f"{phase.p50:.0f} / {phase.p99:.0f} ({phase.cpu:.0f} %)"

    rows = [
        [
            result.name,
            *(steady(result, rate) for rate in (10, 100, 1000)),
            f"{result.full.rate:,.0f} ({result.full_range[0]:,.0f}–{result.full_range[1]:,.0f})",
            f"{result.full.rate / peer_rate:.0f}",
            delivered(result.full),
            middle_and_range(result.handshakes),
            middle_and_range(result.warm_handshakes),
            f"{result.kib:.0f}",
        ]
        for result in results
        if result.full
    ]
    head = [
        f"{viewers:,} viewers",
        "10/s, ms p50 / p99 (CPU)",
        "100/s",
        "1,000/s",
        "most messages/s",
        "ratio",
        "delivered",
        "handshakes/s, just started",
        "warm",
        "KiB a viewer",
    ]
    fast = ours.steady.get(1000)
    quicker = statistics.median(ours.handshakes) / max(
        statistics.median(result.handshakes) for result in results[1:]
    )
    ratio = ours.full.rate / peer_rate
    p99 = f"{fast.p99:.0f} ms" if fast else "not measured"
    full = [result.full for result in results if result.full]
    more = (
        f"Target ≥ 50 times the peer that inserts each message: {ratio:.0f}, "
        f"{against(ratio, 50, least=True)}. "
        f"Target p99 ≤ 80 ms at 1,000 messages/s: {p99}, {against(fast.p99 if fast else 1e9, 80)}. "
        "Target ≥ 1.1 times the handshakes of the quicker peer, with a ticket each against none: "
        f"{quicker:.2f}, "
        f"{against(quicker, 1.1, least=True)}. (Servers that have just started, the middle of "
        f"{len(ours.handshakes)} starts, and the range; warm: when all come for the last of {ARRIVALS} "
        "times.) "
        f"Each figure is the middle of the {RUNS} runs of {TRIES} that the machine's host disturbed least "
        "(most messages/s with their range). At saturation it took "
        + ", ".join(f"{phase.stolen:.0f} %" for phase in full)
        + " of the machine, the generator used "
        + ", ".join(f"{phase.generator:.0f} %" for phase in full)
        + " of its core and the server "
        + ", ".join(f"{phase.cpu:.0f} %" for phase in full)
        + " of its own."
    )
    return table(head, rows) + "\n\n" + more


def middle_and_range(rates: list[float]) -> str:
    """Of figures in their order."""
    return f"{statistics.median(rates):,.0f} ({rates[0]:,.0f}–{rates[-1]:,.0f})"


def delivered(phase: Phase) -> str:
    """The share of accepted messages that reached everybody, and how many were refused or hung up on."""
    return f"{phase.delivered:.2%}" + (f", {phase.refused} refused" if phase.refused else "")


def stadium(rooms: list[SizeResult], stalled: StalledResult) -> str:
    """The table of rooms of other sizes, and a sentence on those who never read."""
    head = [
        "viewers",
        f"{RATE}/s, ms p50 / p99",
        "target",
        "",
        "CPU",
        "delivered",
        "handshakes/s",
        "KiB a viewer",
    ]
    rows = [
        [
            f"{room.size.viewers:,}",
            f"{room.phase.p50:.0f} / {room.phase.p99:.0f}",
            f"≤ {room.size.p99:.0f} ms",
            against(room.phase.p99, room.size.p99),
            f"{room.phase.cpu:.0f} %",
            delivered(room.phase),
            f"{room.handshakes:,.0f}",
            f"{room.kib:.0f}",
        ]
        for room in rooms
    ]
    growth = against(stalled.mib, 20)
    more = (
        f"{STALLED} of {OF} viewers stop reading for ever while {FAST:,} messages/s are said: the server "
        f"grows by {stalled.mib:.1f} MiB (target < 20: {growth}); p99 of the others was "
        f"{stalled.before.p99:.0f} ms before and {stalled.after.p99:.0f} ms after, "
        f"{delivered(stalled.after)} delivered."
    )
    return table(head, rows) + "\n\n" + more


def pages(results: list[PageResult]) -> str:
    """The table of pages."""
    head = ["", "requests/s", "p50", "p99", "CPU", "size"]
    rows = [
        [
            f"{result.name} (`{result.path}`)",
            f"{result.rate:,.0f}",
            f"{result.p50:.0f} ms",
            f"{result.p99:.0f} ms",
            f"{result.cpu:.0f} %",
            f"{result.kib:.0f} KiB",
        ]
        for result in results
    ]
    return table(head, rows)


def crowd(seeded: float, results: list[CrowdResult]) -> str:
    """The table of a large site's pages, and how long it took to make one."""
    head = ["", "who", "p50", "p99", "worst", "CPU of one core"]
    rows = [
        [
            each.name,
            each.who,
            f"{each.p50:.0f} ms",
            f"{each.p99:.0f} ms",
            f"{each.worst:.0f} ms",
            f"{each.cpu:.0f} %",
        ]
        for each in results
    ]
    return f"{table(head, rows)}\n\nThe crowd was seeded in {seeded:.0f} s."


def machine() -> str:
    """What it ran on, in general words."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    maker = "AMD EPYC" if model and "EPYC" in model[1] else (model[1] if model else platform.machine())
    release = re.search(r'^PRETTY_NAME="(.*)"$', Path("/etc/os-release").read_text(), re.MULTILINE)
    system = release[1] if release else platform.system()
    return f"{os.cpu_count()} cores of {maker}, {system}, Python {platform.python_version()}"


def keep(part: str, text: str, stolen: float) -> None:
    """Put `text` between the comments of `part` in docs/benchmarks.md, with the day and the machine, of which
    its host gave `stolen` per cent to others."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    head, _, rest = page.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE.name} has no place for {part}: {begin} … {end}")
    when = datetime.now(UTC).strftime("%-d %B %Y")
    shared = f", {stolen:.0f} % of it taken by its host" if stolen >= 1 else ""
    note = f"`python -m tests.load.bench {part}` on {when}; {machine()}{shared}."
    PAGE.write_text(f"{head}{begin}\n\n{text}\n\n{note}\n\n{end}{tail}", encoding="utf-8")
