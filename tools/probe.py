"""Run by a Python that may become that of .venv: prints how many microseconds ordinary work takes it.

Ends with an error when it cannot serve: too old, or without a module that distributions package apart.
Nothing here is newer than Python 3.6, since any may run it.
"""

import sys
import time

REPEATS = 7

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("too old")

import ensurepip  # noqa: F401, E402
import sqlite3  # noqa: F401, E402
import ssl  # noqa: F401, E402
import venv  # noqa: F401, E402


class _Part:
    __slots__ = ("at", "size")

    def __init__(self, at, size):
        self.at = at
        self.size = size

    def end(self):
        return self.at + self.size


def _work():
    sizes = {}
    total = 0
    for number in range(20_000):
        part = _Part(number, number & 255)
        sizes[number & 1023] = (part, str(part.size))
        total += part.end() + len(sizes[number & 1023][1])
    return total


def _took():
    began = time.process_time()
    _work()
    return time.process_time() - began


print(round(min(_took() for _ in range(REPEATS)) * 1_000_000))
