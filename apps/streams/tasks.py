"""Alarm clocks of streams."""

from celery import shared_task

from . import services


@shared_task(expires=10)
def sample_viewers() -> None:
    services.sample_viewers()


@shared_task(expires=10)
def sweep_broadcasts() -> None:
    services.sweep_broadcasts()
