"""Alarm clocks of accounts."""

from celery import shared_task

from . import services


@shared_task(expires=600)
def forget_ended_sessions() -> None:
    services.forget_ended_sessions()
