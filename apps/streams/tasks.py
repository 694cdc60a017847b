"""Alarm clocks of streams."""

from celery import shared_task

from . import services
from .facts import BroadcastEnded, BroadcastOpened
from .models import Broadcast
from .providers import site_provider


@shared_task(expires=10)
def sample_viewers() -> None:
    services.sample_viewers()


@shared_task(expires=10)
def sweep_broadcasts() -> None:
    services.sweep_broadcasts()


@shared_task(expires=5)
def picture_live_broadcasts() -> None:
    services.picture_live_broadcasts()


@shared_task
def tidy_pictures(broadcast_id: str) -> None:
    broadcast = Broadcast.objects.filter(pk=broadcast_id).first()
    if broadcast is not None:
        services.tidy_pictures(broadcast)


@shared_task(expires=3600)
def sweep_pictures() -> None:
    services.sweep_pictures()


@shared_task(expires=3600)
def forget_nodes() -> None:
    services.forget_nodes()


@shared_task(expires=10)
def settle_inputs() -> None:
    services.settle_inputs()


@shared_task(expires=30)
def check_hosted() -> None:
    services.check_hosted()


def settle_after(fact: BroadcastOpened | BroadcastEnded) -> None:
    """At once, where there is a provider to be told; the regular round finds it in any case."""
    if site_provider() is not None:
        settle_inputs.delay()


def tidy_after(fact: BroadcastEnded) -> None:
    """Later, when a round that is under way has finished; the sweeper finds it in any case."""
    tidy_pictures.apply_async((str(fact.broadcast_id),), countdown=60)
