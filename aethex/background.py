"""Celery's worker and beat as threads: background work of the one-process default."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import celery.beat
import celery.worker.state

from .celery import app

WORKERS = 3
STOP_SECONDS = 10


@contextmanager
def background() -> Iterator[None]:
    """Run a worker and the schedule until the block is left; running tasks are waited for."""
    beat = celery.beat.Service(app, scheduler_cls="celery.beat:Scheduler", max_interval=1)
    threads = [
        threading.Thread(target=_work, name="celery", daemon=True),
        threading.Thread(target=beat.start, name="beat", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        beat.stop()
        # `WorkController.stop` leaves its thread alive: the consumer loop looks at this flag.
        celery.worker.state.should_terminate = 0
        for thread in threads:
            thread.join(STOP_SECONDS)


def _work() -> None:
    # Celery's own signal handlers and log set-up belong to a process that is a worker; this one is a server.
    # Made in its thread: it closes the database connections of the one that it is made in.
    worker = app.WorkController(
        pool="threads",
        concurrency=WORKERS,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        hostname="embedded@localhost",
        quiet=True,
        loglevel=logging.WARNING,
    )
    worker.start()
