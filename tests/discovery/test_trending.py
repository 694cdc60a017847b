"""What rises: the rule is in apps/discovery/trending.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.discovery.trending import rank_on_air
from apps.streams.models import Broadcast, ViewerSample

from .conftest import on_air


def watched(name: str, *, before: int, now: int, hours: float = 0.0) -> Broadcast:
    """A broadcast with so many viewers ten minutes ago and now."""
    broadcast = on_air(name, viewers=now)
    began = timezone.now() - timedelta(hours=hours)
    Broadcast.objects.filter(pk=broadcast.pk).update(started_at=began)
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=11)
    ViewerSample.objects.create(broadcast=broadcast, minute=minute, viewers=before)
    return broadcast


def order() -> list[str]:
    rank_on_air()
    return list(Broadcast.objects.order_by("-trend").values_list("channel__name", flat=True))


def test_who_wins_viewers_rises_above_who_has_more_all_along(db: None) -> None:
    watched("Steady", before=200, now=200)
    watched("Rising", before=20, now=80)
    watched("Falling", before=400, now=100)
    assert order() == ["Rising", "Steady", "Falling"]


def test_a_marathon_sinks(db: None) -> None:
    watched("Fresh", before=100, now=100, hours=1)
    watched("Marathon", before=150, now=150, hours=12)
    assert order() == ["Fresh", "Marathon"]


def test_what_began_within_ten_minutes_has_grown_from_nothing(db: None) -> None:
    new = on_air("New", viewers=10)
    rank_on_air()
    new.refresh_from_db()
    assert 4990 <= new.trend <= 5000


def test_counting_again_writes_only_what_changed(db: None, django_assert_num_queries: Any) -> None:
    for number in range(3):
        watched(f"Place {number}", before=0, now=0)
    rank_on_air()
    with django_assert_num_queries(2):
        assert rank_on_air() == 0


def test_numbers_beyond_the_column_are_the_most_it_holds(db: None) -> None:
    watched("Everybody", before=0, now=2_000_000_000)
    assert order() == ["Everybody"]
