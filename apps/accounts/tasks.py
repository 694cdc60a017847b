"""Alarm clocks of accounts."""

from celery import shared_task

from . import sessions


@shared_task(expires=600)
def forget_ended_sessions() -> None:
    sessions.forget_ended_sessions()
