"""What was measured of the live picture, as Markdown; see `report`."""

from __future__ import annotations

import statistics

from tests.load.delay import DelayResult
from tests.load.endurance import DRIFT_TARGET_MS, MEMORY_TARGET_MIB, DriftResult, MemoryResult
from tests.load.ingest import IngestResult
from tests.load.picture import Row
from tests.load.report import against, table
from tests.load.viewers import EDGE_PART_MS, EDGES, ORIGIN_TARGET, TARGET_MS, ViewersResult


def latency(rows: list[Row]) -> str:
    """The table of delays by encoding: of an open page, and of those who join late."""
    names = [result.name for result in rows[0].results]
    head = ["p50 / p95, late joiners' median", *names, "target", ""]
    body = []
    for row in rows:
        cells = [_delays(result) for result in row.results] + [""] * (len(names) - len(row.results))
        mine = row.results[0].p50
        target = f"≤ {row.encoding.target / 1000} s"
        body.append([row.encoding.name, *cells, target, against(mine, row.encoding.target)])
    stalls = [sum(row.results[index].stalls for row in rows[:-1]) for index in range(len(names))]
    joins = len(rows[0].results[0].join_delay)
    told = ", ".join(f"{name} {count}" for name, count in zip(names, stalls, strict=True))
    return table(head, body) + f"\n\nLate joiners: {joins} each time. Stalls, without the last row: {told}."


def _delays(result: DelayResult) -> str:
    joins = statistics.median(result.join_delay) / 1000
    return f"{result.p50 / 1000:.2f} / {result.p95 / 1000:.2f}, {joins:.2f} s"


def encoders(result: IngestResult) -> str:
    """The sentence on how many encoders one core carries."""
    return (
        f"{result.encoders} encoders ({result.megabit:.0f} Mbit/s received) take {result.total:.1f} % of one "
        f"core and {result.mib:.0f} MiB; late messages of the sender: {result.late}. "
        f"Target ≤ 100 %: {against(result.total, 100)}."
    )


def viewers(result: ViewersResult) -> str:
    """The table of a crowd of low-latency viewers."""
    head = ["viewers", "parts/s", "Mbit/s", "part there, ms p50 / p95 / p99", "in time", "CPU of the ingest"]
    row = [
        f"{result.viewers:,}",
        f"{result.rate:,.0f}",
        f"{result.megabit:,.0f}",
        f"{result.p50:.0f} / {result.p95:.0f} / {result.p99:.0f}",
        f"{result.in_time:.2%}",
        f"{result.cpu:.0f} %",
    ]
    more = (
        f"Target p95 ≤ {TARGET_MS} ms: {against(result.p95, TARGET_MS)}. "
        f"Answers other than 200: {result.refused}; connections lost: {result.lost}."
    )
    return table(head, [row]) + "\n\n" + more


def edges(result: ViewersResult) -> str:
    """The sentence on what viewers at edges cost the node that their stream is on."""
    return (
        f"{result.viewers:,} viewers through {EDGES} edges (parts of {EDGE_PART_MS} ms, "
        f"{result.rate:,.0f} parts/s, {result.in_time:.2%} in time, "
        f"answers other than 200: {result.refused}, connections lost: {result.lost}) "
        f"cost the ingest {result.cpu:.1f} % of a core, its encoder included "
        f"(target ≤ {ORIGIN_TARGET}: {against(result.cpu, ORIGIN_TARGET)})."
    )


def drift(result: DriftResult) -> str:
    """The sentence on whether a viewer stays as near as in the beginning."""
    moved = result.last - result.first
    return (
        f"A viewer was {result.first / 1000:.2f} s behind the camera at first and {result.last / 1000:.2f} s "
        f"{result.minutes:g} minutes later: {moved:+.0f} ms (target within {DRIFT_TARGET_MS}: "
        f"{against(abs(moved), DRIFT_TARGET_MS)}); {result.stalls} stalls."
    )


def memory(result: MemoryResult) -> str:
    """The sentence on what a long past costs."""
    more = result.long - result.short
    return (
        f"A server whose broadcast reaches back {result.minutes:g} minutes takes {result.long:.1f} MiB, "
        f"one that reaches back half a minute {result.short:.1f} MiB: {more:+.1f} MiB "
        f"(target ≤ {MEMORY_TARGET_MIB}: {against(more, MEMORY_TARGET_MIB)})."
    )
