"""`make bench`: measures the platform beside its peers on this machine and writes docs/benchmarks.md.

    python -m tests.load.bench [PART …] [--quick] [--no-write]

Everything runs on 127.0.0.1 and is gone afterwards. `all`, the parts of every release, takes about ten
minutes; `picture` is all that takes longer (latency, encoders, viewers, edges, drift, memory), an hour. An
idle machine with two cores or more is needed for figures that mean something. The exit code is 1 when a part
could not be measured.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial

from tests.load import (
    chat,
    crowd,
    delay,
    endurance,
    ingest,
    live_report,
    ours,
    pages,
    picture,
    report,
    stadium,
    viewers,
)
from tests.load.processes import Missing, Theft, touch_memory
from tests.stack.running import Stack
from tests.stack.services import Services

PARTS = ("delay", "ingest", "chat", "stadium", "pages", "crowd")
# Only when they are named, or together as `picture`.
LONG_PARTS = ("latency", "encoders", "viewers", "edges", "drift", "memory")
ON_THEIR_OWN = ("delay", "crowd", "latency", "edges", "drift", "memory")
NAMES = {"all": PARTS, "picture": LONG_PARTS} | {part: (part,) for part in PARTS + LONG_PARTS}


def measure_on_its_own(part: str, *, quick: bool) -> str:
    """One of the parts that start the servers they need, most of them for a browser."""
    measures: dict[str, Callable[[], str]] = {
        "delay": lambda: report.delay(delay.measure(8 if quick else delay.WATCH_SECONDS)),
        "crowd": lambda: report.crowd(*crowd.measure(quick=quick)),
        "latency": lambda: live_report.latency(picture.measure(quick=quick)),
        "edges": lambda: live_report.edges(viewers.measure_edges(100 if quick else viewers.EDGE_VIEWERS)),
        "drift": lambda: live_report.drift(endurance.drift(0.5 if quick else endurance.DRIFT_MINUTES)),
        "memory": lambda: live_report.memory(endurance.memory(2 if quick else endurance.REWIND_MINUTES)),
    }
    return measures[part]()


def measure_on_platform(part: str, backing: Services, stack: Stack, *, quick: bool) -> str:
    """One of the parts that the running platform is needed for."""
    people = 100 if quick else chat.VIEWERS
    measures: dict[str, Callable[[], str]] = {
        "ingest": lambda: report.ingest(ingest.measure(stack, 6 if quick else ingest.ENCODERS)),
        "chat": lambda: report.chat(chat.measure(backing, stack, people), people),
        "stadium": lambda: report.stadium(
            *stadium.measure(stack, stadium.SIZES[:1] if quick else stadium.SIZES)
        ),
        "pages": lambda: report.pages(pages.measure(stack)),
        "encoders": lambda: live_report.encoders(ingest.measure_many(stack, 10 if quick else ingest.MANY)),
        "viewers": lambda: live_report.viewers(viewers.measure(stack, 100 if quick else viewers.VIEWERS)),
    }
    return measures[part]()


@contextlib.contextmanager
def told(part: str) -> Iterator[None]:
    """Say what runs and for how long; a part that fails is told and does not stop the others."""
    print(f"== {part} …", flush=True)
    start = time.monotonic()
    try:
        yield
    except Missing as missing:
        print(f"not measured: {missing}", flush=True)
    except Exception:
        traceback.print_exc()
    print(f"== {part}: {time.monotonic() - start:.0f} s", flush=True)


def publish(part: str, measure: Callable[[], str], *, write: bool) -> None:
    """Measure, print the table and keep it in the page."""
    theft = Theft.begin()
    text = measure()
    stolen = theft.share()
    print(f"\n{text}\n\nTaken by the machine's host: {stolen:.1f} %\n", flush=True)
    if write:
        report.keep(part, text, stolen)


def run(parts: list[str], *, quick: bool, write: bool) -> int:
    """Measure and publish `parts`; how many could not be measured."""
    failed = len(parts)
    touch_memory()
    for part in parts:
        if part in ON_THEIR_OWN:
            with told(part):
                publish(part, partial(measure_on_its_own, part, quick=quick), write=write)
                failed -= 1
    rest = [part for part in parts if part not in ON_THEIR_OWN]
    if rest:
        with told("the platform"), ours.backing() as backing, ours.platform(backing) as stack:
            for part in rest:
                with told(part):
                    measure = partial(measure_on_platform, part, backing, stack, quick=quick)
                    publish(part, measure, write=write)
                    failed -= 1
    return failed


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the platform beside its peers.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that all of it works")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md as it is")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(NAMES):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    wanted = [part for name in arguments.parts or ["all"] for part in NAMES[name]]
    write = not (arguments.no_write or arguments.quick)
    sys.exit(1 if run(wanted, quick=arguments.quick, write=write) else 0)


if __name__ == "__main__":
    main()
