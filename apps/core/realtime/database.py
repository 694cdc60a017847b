"""Database reads of the sockets: a few threads of their own, so that they never queue behind views."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

T = TypeVar("T")

# Each thread keeps one connection: the bound of this process's readers.
READERS = 3
CHECK_SECONDS = 5.0
_checked = threading.local()
_readers = ThreadPoolExecutor(READERS, thread_name_prefix="socket-read")


async def read(query: Callable[..., T], *args: Any) -> T:
    """Run a blocking query in one of the readers' threads."""
    return await asyncio.get_running_loop().run_in_executor(_readers, run, query, *args)


def run(query: Callable[..., T], *args: Any) -> T:
    """Call with this thread's connections looked after: as around a request, but not around every query,
    which would ask the database twice each time."""
    if time.monotonic() - getattr(_checked, "at", float("-inf")) > CHECK_SECONDS:
        close_old_connections()
        _checked.at = time.monotonic()
    try:
        return query(*args)
    except DatabaseError:
        _checked.at = float("-inf")
        close_old_connections()
        raise


def disconnect() -> None:
    """Close the connections of the readers' threads (tests drop their database afterwards)."""
    everyone = threading.Barrier(READERS)

    def close_one() -> None:
        everyone.wait(10)  # so that no thread takes two of these jobs
        connections.close_all()

    for job in [_readers.submit(close_one) for _ in range(READERS)]:
        job.result()
