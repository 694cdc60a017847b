"""Alarm clocks of letters."""

from celery import shared_task

from apps.streams.facts import BroadcastStarted

from . import services


@shared_task(expires=10)
def send_letters() -> None:
    services.open_mailings()
    services.list_letters()
    if services.post_letters():
        send_letters.delay()


@shared_task(expires=3600)
def forget_mailings() -> None:
    services.forget_mailings()


def send_after(fact: BroadcastStarted) -> None:
    """At once; the regular round finds it in any case."""
    send_letters.delay()
