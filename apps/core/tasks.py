"""Alarm clocks of the kernel."""

from celery import shared_task

from . import posting
from .letters import LetterWritten


@shared_task(expires=10)
def post_letters() -> None:
    posting.post_letters()


def post_after(fact: LetterWritten) -> None:
    """At once; the regular round finds it in any case."""
    post_letters.delay()
