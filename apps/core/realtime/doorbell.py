"""Telling open sockets from anywhere: a view, a task, a command, in whichever thread or process it runs."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from channels.layers import get_channel_layer
from django.db import connection, transaction

from .frames import encode
from .hub import LAYER_PATIENCE, Hub

log = logging.getLogger(__name__)

_outstanding: set[concurrent.futures.Future[None]] = set()
_lock = threading.Lock()
_own_loop: tuple[int, asyncio.AbstractEventLoop] | None = None
_complained_at = 0.0


def push(topic: str, event: dict[str, Any]) -> None:
    """Send `event` (made by `frame`) to every listener of `topic` in every process, once the surrounding
    transaction has committed. Never raises and never waits: a push is a hint, the database is the truth."""
    message = {"type": "event", "topic": topic, "event": encode(event)}
    _after_commit(lambda: ring(topic, message))


def note(topic: str, content: dict[str, Any]) -> None:
    """Tell `content` to the `on_note` of `topic` in every process, after the commit, like `push`."""
    message = {"type": "note", "topic": topic, "note": content}
    _after_commit(lambda: ring(topic, message))


def ring(topic: str, message: dict[str, Any]) -> None:
    """Hand a message to the channel layer from any thread; at once, whatever the transaction does."""
    _run(_send(topic, message))


def _after_commit(act: Callable[[], None]) -> None:
    # `on_commit` outside a transaction would open a connection only to find that there is none.
    if connection.in_atomic_block:
        transaction.on_commit(act)
    else:
        act()


def _run(work: Coroutine[Any, Any, None]) -> None:
    """On the hub's loop when this process has one, else on a loop of our own: a channel layer keeps one
    connection per loop, and a fresh loop per call would connect each time."""
    future = asyncio.run_coroutine_threadsafe(work, Hub.running_loop() or _loop_of_ours())
    _outstanding.add(future)
    future.add_done_callback(_outstanding.discard)


def _loop_of_ours() -> asyncio.AbstractEventLoop:
    global _own_loop
    with _lock:
        # A forked worker inherits the variable, but not the thread.
        if _own_loop is None or _own_loop[0] != os.getpid():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="doorbell", daemon=True).start()
            _own_loop = os.getpid(), loop
        return _own_loop[1]


async def _send(topic: str, message: dict[str, Any]) -> None:
    global _complained_at
    try:
        async with asyncio.timeout(LAYER_PATIENCE):
            await get_channel_layer().group_send(topic, message)
    except Exception as error:
        if time.monotonic() - _complained_at > 10:
            _complained_at = time.monotonic()
            log.warning("A hint was not sent (%s: %s).", type(error).__name__, error)


@atexit.register
def _flush() -> None:
    """A command that ends right after its push still delivers it."""
    concurrent.futures.wait(list(_outstanding), timeout=2)
