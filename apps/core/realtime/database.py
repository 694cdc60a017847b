"""Database reads of the sockets: a few threads of their own, so that they never queue behind views."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections, connections

T = TypeVar("T")

# Each thread keeps one connection: the bound of this process's readers.
READERS = 3
_readers = ThreadPoolExecutor(READERS, thread_name_prefix="socket-read")


async def read(query: Callable[..., T], *args: Any) -> T:
    """Run a blocking query in one of the readers' threads."""
    return await asyncio.get_running_loop().run_in_executor(_readers, run, query, *args)


def run(query: Callable[..., T], *args: Any) -> T:
    """Call with Django's connections looked after, as around a request."""
    close_old_connections()
    try:
        return query(*args)
    finally:
        close_old_connections()


def disconnect() -> None:
    """Close the connections of the readers' threads (tests drop their database afterwards)."""
    for _ in range(READERS * 4):
        _readers.submit(connections.close_all).result()
