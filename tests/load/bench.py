"""`make bench`: measures the platform beside its peers on this machine and writes docs/benchmarks.md.

    python -m tests.load.bench [delay] [ingest] [chat] [stadium] [pages] [--quick] [--no-write]

Everything runs on 127.0.0.1 and is gone afterwards. All of it takes about ten minutes; an idle machine
with two cores or more is needed for figures that mean something. The exit code is 1 when a part could not be
measured.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator

from tests.load import chat, delay, ingest, ours, pages, report, stadium
from tests.load.processes import Missing
from tests.stack.running import Stack
from tests.stack.services import Services

PARTS = ("delay", "ingest", "chat", "stadium", "pages")


def measure_delay(*, quick: bool) -> str:
    """Delays, in a browser."""
    return report.delay(delay.measure(8 if quick else delay.WATCH_SECONDS))


def measure_on_platform(part: str, backing: Services, stack: Stack, *, quick: bool) -> str:
    """One of the parts that the running platform is needed for."""
    viewers = 100 if quick else chat.VIEWERS
    measures: dict[str, Callable[[], str]] = {
        "ingest": lambda: report.ingest(ingest.measure(stack, 6 if quick else ingest.ENCODERS)),
        "chat": lambda: report.chat(chat.measure(backing, stack, viewers), viewers),
        "stadium": lambda: report.stadium(
            *stadium.measure(stack, stadium.SIZES[:1] if quick else stadium.SIZES)
        ),
        "pages": lambda: report.pages(pages.measure(stack)),
    }
    return measures[part]()


@contextlib.contextmanager
def told(part: str) -> Iterator[list[str]]:
    """Say what runs and for how long; a part that fails is told and does not stop the others.

    The block appends the part's text to the list that it is given; the list stays empty after a failure.
    """
    print(f"== {part} …", flush=True)
    start = time.monotonic()
    try:
        yield []
    except Missing as missing:
        print(f"not measured: {missing}", flush=True)
    except Exception:
        traceback.print_exc()
    print(f"== {part}: {time.monotonic() - start:.0f} s", flush=True)


def run(parts: list[str], *, quick: bool, write: bool) -> int:
    """Measure `parts`, print each table and keep it in the page; how many could not be measured."""
    failed = len(parts)

    def publish(part: str, texts: list[str]) -> int:
        for text in texts:
            print(f"\n{text}\n", flush=True)
            if write:
                report.keep(part, text)
        return len(texts)

    if "delay" in parts:
        with told("delay") as texts:
            texts.append(measure_delay(quick=quick))
            failed -= publish("delay", texts)
    rest = [part for part in parts if part != "delay"]
    if rest:
        with told("the platform") as _, ours.backing() as backing, ours.platform(backing) as stack:
            for part in rest:
                with told(part) as texts:
                    texts.append(measure_on_platform(part, backing, stack, quick=quick))
                    failed -= publish(part, texts)
    return failed


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the platform beside its peers.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that all of it works")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md as it is")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - {*PARTS, "all"}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    wanted = list(PARTS) if not arguments.parts or "all" in arguments.parts else arguments.parts
    write = not (arguments.no_write or arguments.quick)
    sys.exit(1 if run(wanted, quick=arguments.quick, write=write) else 0)


if __name__ == "__main__":
    main()
