"""How Python itself is set in a process that serves many at once."""

from __future__ import annotations

import gc
import sys

# A thread that comes back from the database would wait 5 ms for its turn after each answer, while another
# one, or the loop, is busy.
SWITCH_SECONDS = 0.0005
# So many new containers between two looks for garbage among the newest, and so many of these looks between
# two at what they left. A look takes a microsecond a container, and everybody waits for it.
GARBAGE_EVERY, LATER_EVERY = 2_000, 50


def settle() -> None:
    """Begin to serve: what the process has loaded by now stays, and no look for garbage passes through it.

    Such a look stops everybody: for a tenth of a second and more, with all pages loaded.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_EVERY, LATER_EVERY, 10)
