"""Alarm clocks of the chat."""

from celery import shared_task

from . import services


@shared_task(expires=10)
def settle_shows() -> None:
    services.settle_shows()
