"""Alarm clocks of accounts."""

from celery import shared_task

from . import services, sessions


@shared_task(expires=600)
def forget_ended_sessions() -> None:
    sessions.forget_ended_sessions()


@shared_task(expires=10)
def reinstate_due() -> None:
    services.reinstate_due()
