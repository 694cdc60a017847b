"""How Python itself is set in a process that serves many at once."""

from __future__ import annotations

import gc
import sys

# A thread that comes back from the database would wait 5 ms for its turn after each answer, while another
# one, or the loop, is busy.
SWITCH_SECONDS = 0.0005
# New containers between two looks for garbage: a thousand handshakes are not worth a hundred looks.
GARBAGE_EVERY = 10_000


def settle() -> None:
    """Begin to serve: what the process has loaded by now stays, and no look for garbage passes through it.

    Such a look stops everybody: for a tenth of a second and more, with all pages loaded.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_EVERY, 10, 10)
