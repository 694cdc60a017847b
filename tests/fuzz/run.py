"""Runs inputs by number: the same seed and number are the same input on every machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from random import Random

from tests.fuzz import flv, rtmp, srt, ts

TARGETS: dict[str, Callable[[Random], Awaitable[None]]] = {
    "rtmp": rtmp.run,
    "flv": flv.run,
    "ts": ts.run,
    "srt": srt.run,
}
SLOW_SECONDS = 1.0
"""Of CPU for one input, which is some kilobytes: whoever sends such ones could stop everybody."""


class Alarm(logging.Handler):
    """Sessions catch their own faults, and say so in the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)


class Found(AssertionError):
    """An input that does harm; its text says how to run it again."""


async def run(target: str, seed: int, numbers: Iterable[int]) -> None:
    """Run these inputs of a target. Raises Found at the first that does harm."""
    alarm, media = Alarm(), logging.getLogger("apps.streams.media")
    media.addHandler(alarm)
    propagates, media.propagate = media.propagate, False
    try:
        for number in numbers:
            began = time.perf_counter()
            try:
                await _one(target, seed, number)
                if time.perf_counter() - began > SLOW_SECONDS:  # or the machine had other things to do
                    began = time.process_time()
                    await _one(target, seed, number)
                    assert time.process_time() - began < SLOW_SECONDS, "too slow"
            except Exception as error:
                raise Found(_again(target, seed, number)) from error
            if alarm.heard:
                information = alarm.heard[0].exc_info
                raise Found(_again(target, seed, number)) from (information[1] if information else None)
    finally:
        media.propagate = propagates
        media.removeHandler(alarm)


async def _one(target: str, seed: int, number: int) -> None:
    await TARGETS[target](Random(f"{seed} {target} {number}"))


def _again(target: str, seed: int, number: int) -> str:
    return f"python -m tests.fuzz --target {target} --seed {seed} --only {number}"
