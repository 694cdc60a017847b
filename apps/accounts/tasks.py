"""Alarm clocks of accounts."""

import uuid

from celery import shared_task

from . import services, sessions
from .facts import ExportAsked


@shared_task(expires=600)
def forget_ended_sessions() -> None:
    sessions.forget_ended_sessions()


@shared_task(expires=10)
def reinstate_due() -> None:
    services.reinstate_due()


@shared_task(expires=60)
def erase_due() -> None:
    services.erase_due()


@shared_task
def build_export(export_id: str) -> None:
    services.build_export(export_id=uuid.UUID(export_id))


@shared_task(expires=30)
def sweep_exports() -> None:
    for export_id in services.sweep_exports():
        build_export.delay(str(export_id))


def build_after(fact: ExportAsked) -> None:
    """At once; the sweeper finds it in any case."""
    build_export.delay(str(fact.export_id))
