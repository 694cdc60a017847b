"""Alarm clocks of the kernel."""

import threading

from celery import shared_task

from . import posting
from .letters import LetterWritten

# A mail server that hangs holds up one thread of a worker, which then posts what the others would have.
_at_it = threading.Lock()


@shared_task(expires=10)
def post_letters() -> None:
    if _at_it.acquire(blocking=False):
        try:
            posting.post_letters()
        finally:
            _at_it.release()


def post_after(fact: LetterWritten) -> None:
    """At once; the regular round finds it in any case."""
    post_letters.delay()
