"""Alarm clocks of moderation."""

from __future__ import annotations

import uuid

from celery import shared_task

from . import services
from .facts import ReportHeeded


@shared_task
def tell_reporter(report_id: str) -> None:
    services.tell_reporter(report_id=uuid.UUID(report_id))


def tell_reporter_after(fact: ReportHeeded) -> None:
    """Apart from the deed: there may be many letters to write."""
    tell_reporter.delay(str(fact.report_id))
