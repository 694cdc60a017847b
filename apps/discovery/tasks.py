"""Alarm clocks of discovery."""

from celery import shared_task

from . import trending


@shared_task(expires=30)
def rank_on_air() -> None:
    trending.rank_on_air()
