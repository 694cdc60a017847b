"""Alarm clocks of engagement."""

from celery import shared_task

from . import services


@shared_task(expires=5)
def send_due_raids() -> None:
    services.send_due_raids()
