"""Command line of the fuzzer."""

from __future__ import annotations

import argparse
import asyncio
import time

from tests.fuzz.run import TARGETS, Found, run

BATCH = 10_000


def main() -> None:
    """Run so many inputs against each target and say what was found; the exit code is 1 when anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="for each target")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one input, to run it again")
    asked = parser.parse_args()
    found = False
    for target in asked.target or TARGETS:
        began = time.monotonic()
        try:
            if asked.only is not None:
                asyncio.run(run(target, asked.seed, [asked.only]))
            for begin in range(0, asked.inputs if asked.only is None else 0, BATCH):
                numbers = range(begin, min(begin + BATCH, asked.inputs))
                asyncio.run(run(target, asked.seed, numbers))
            print(f"{target}: nothing found in {time.monotonic() - began:.0f} s", flush=True)
        except Found as error:
            found = True
            print(f"{target}: {error}\n  {type(error.__cause__).__name__}: {error.__cause__}", flush=True)
            if asked.only is not None:
                raise
    raise SystemExit(found)


if __name__ == "__main__":
    main()
