"""Alarm clocks of videos."""

from celery import shared_task

from apps.streams.facts import BroadcastEnded

from . import services


@shared_task(expires=60)
def finish_recordings() -> None:
    services.finish_recordings()


@shared_task(expires=3600)
def remove_orphans() -> None:
    services.remove_orphans()


def finish_after(fact: BroadcastEnded) -> None:
    """Look soon; the regular round finds it in any case."""
    finish_recordings.apply_async(countdown=services.SETTLE.total_seconds() + 1)
