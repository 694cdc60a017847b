"""The pages on which broadcasts are planned, without a script, and what a visitor reads of it."""

from __future__ import annotations

import html
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.test import Client

from apps.accounts.models import User
from apps.channels import services
from apps.channels.models import Channel, ScheduledBroadcast
from tests.pages.conftest import browser_of

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
FORM = {
    "title": "Modular <b>jam</b>", "category": "music", "first_on": "2027-03-07", "start_time": "18:00",
    "duration_minutes": "90", "time_zone": "Europe/Berlin", "repeats": "weekly", "last_on": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


def words(page) -> str:
    return html.unescape(page.content.decode())


def test_a_creator_plans_changes_calls_off_and_deletes(channel: Channel, owner: Client) -> None:
    address = "/dashboard/night-shift/schedule"
    assert "Nothing is planned" in words(owner.get(address))
    page = owner.post(address, FORM, follow=True)
    assert "Every Sunday, 18:00 Europe/Berlin, 1 h 30 min" in words(page)
    assert "<b>jam</b>" not in page.content.decode()
    plan = ScheduledBroadcast.objects.get()
    changed = owner.post(
        f"{address}/{plan.pk}", FORM | {"title": "Ambient", "duration_minutes": "120"}, follow=True
    )
    assert "2 h" in words(changed)
    called_off = owner.post(f"{address}/{plan.pk}/day", {"on": "2027-03-07", "cancelled": "yes"}, follow=True)
    assert "Ambient · called off" in words(called_off)
    owner.post(f"{address}/{plan.pk}/day", {"on": "2027-03-07", "cancelled": "no"})
    assert ScheduledBroadcast.objects.get().cancelled_on == []
    assert owner.post(f"{address}/{plan.pk}/day", {"on": "tomorrow"}).status_code == 400
    owner.post(f"{address}/{plan.pk}/delete")
    assert not ScheduledBroadcast.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "This can't be empty."),
        ({"first_on": "2027-02-01"}, "Choose a day within the next year."),
        ({"first_on": "soon"}, "Enter a valid date."),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice."),
        ({"last_on": "2027-03-01"}, "The last day is before the first one."),
        ({"repeats": "once", "first_on": "2027-03-01", "start_time": "00:01"}, "This time is over already."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(channel: Channel, owner: Client, change: dict, said: str) -> None:
    page = owner.post("/dashboard/night-shift/schedule", FORM | change)
    assert page.status_code == 422
    assert said in words(page)
    assert not ScheduledBroadcast.objects.exists()


@pytest.fixture
def plan(channel: Channel) -> ScheduledBroadcast:
    return services.schedule_broadcast(
        actor=channel.owner, channel=channel, title="Modular", repeats="weekly", first_on=date(2027, 3, 7),
        start_time=time(18), duration_minutes=90, time_zone="Europe/Berlin",
    )  # fmt: skip


def test_a_visitor_reads_the_creators_time_with_its_zone(plan: ScheduledBroadcast, visitor: Client) -> None:
    page = words(visitor.get("/c/night-shift"))
    assert "18:00–19:30" in page
    assert '<span class="quiet" data-zone>Europe/Berlin</span>' in page
    assert 'datetime="2027-03-07T17:00:00.000+00:00"' in page


def test_who_is_signed_in_reads_their_own_time(plan: ScheduledBroadcast, viewer: User) -> None:
    User.objects.filter(pk=viewer.pk).update(time_zone="Asia/Tokyo")
    page = words(browser_of(User.objects.get(pk=viewer.pk)).get("/c/night-shift"))
    assert "02:00–03:30" in page
    assert "<span data-weekday>Monday</span>" in page
    assert '<span class="quiet" data-zone>JST</span>' in page
    assert "data-local-times" not in page


def test_a_cancelled_day_is_shown_as_such(plan: ScheduledBroadcast, visitor: Client) -> None:
    services.cancel_occurrence(actor=plan.channel.owner, scheduled=plan, on=date(2027, 3, 7))
    assert words(visitor.get("/c/night-shift")).count("Cancelled") == 1
