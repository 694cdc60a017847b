"""Alarm clocks of channels."""

from celery import shared_task

from . import services


@shared_task(expires=20)
def ring_occurrences() -> None:
    services.ring_occurrences()
