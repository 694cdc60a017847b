"""What a channel plans: days, clocks that change, and who may plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest import raises

from apps.channels import services
from apps.channels.models import ChannelRole, ScheduledBroadcast
from apps.channels.roles import Role
from apps.channels.selectors import next_occurrences, upcoming
from apps.channels.services.schedule import MOST_SCHEDULED
from apps.core.errors import Conflict, Invalid, NotAllowed
from apps.core.models import AuditEntry
from tests import factories

from .conftest import at_once

# A Monday; Europe puts its clocks forward on the 28th, America on the 14th.
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


def plan(channel, **fields):
    wanted = {
        "title": "Modular",
        "first_on": date(2027, 3, 7),
        "start_time": time(18),
        "time_zone": "Europe/Berlin",
        "duration_minutes": 120,
    }
    return services.schedule_broadcast(actor=channel.owner, channel=channel, **(wanted | fields))


def starts(scheduled, count, now=NOW):
    days = scheduled.occurrences(now)
    return [next(days).starts_at.isoformat() for _ in range(count)]


def test_six_in_the_evening_stays_six_when_the_clocks_change(channel):
    scheduled = plan(channel, repeats="weekly")
    assert starts(scheduled, 5) == [
        "2027-03-07T17:00:00+00:00",
        "2027-03-14T17:00:00+00:00",
        "2027-03-21T17:00:00+00:00",
        "2027-03-28T16:00:00+00:00",
        "2027-04-04T16:00:00+00:00",
    ]


def test_an_hour_that_is_skipped_or_repeated_is_read_as_calendars_do(channel):
    spring = plan(channel, first_on=date(2027, 3, 28), start_time=time(2, 30))
    assert starts(spring, 1) == ["2027-03-28T01:30:00+00:00"]
    autumn = plan(channel, first_on=date(2027, 10, 31), start_time=time(2, 30))
    assert starts(autumn, 1) == ["2027-10-31T00:30:00+00:00"]
    assert next(spring.occurrences(NOW)).ends_at - next(spring.occurrences(NOW)).starts_at == timedelta(
        hours=2
    )


def test_what_runs_now_is_not_over_even_past_midnight_and_far_from_utc(channel):
    scheduled = plan(
        channel,
        first_on=date(2027, 3, 2),
        start_time=time(0, 30),
        time_zone="Pacific/Kiritimati",
        repeats="weekly",
    )
    running = datetime(2027, 3, 1, 11, tzinfo=UTC)
    assert starts(scheduled, 2, running) == ["2027-03-01T10:30:00+00:00", "2027-03-08T10:30:00+00:00"]
    assert ScheduledBroadcast.objects.coming(running).exists()
    single = plan(
        channel,
        first_on=date(2027, 3, 2),
        start_time=time(23),
        time_zone="Pacific/Niue",
        duration_minutes=1440,
    )
    late = datetime(2027, 3, 4, 9, tzinfo=UTC)
    assert starts(single, 1, late) == ["2027-03-03T10:00:00+00:00"]
    assert single in ScheduledBroadcast.objects.coming(late)


def test_a_weekly_broadcast_ends_with_its_last_day(channel):
    scheduled = plan(channel, repeats="weekly", last_on=date(2027, 3, 20))
    assert [day.on.day for day in scheduled.occurrences(NOW)] == [7, 14]


def test_one_day_is_cancelled_and_comes_back(channel, streamer):
    scheduled = plan(channel, repeats="weekly")
    services.cancel_occurrence(actor=streamer, scheduled=scheduled, on=date(2027, 3, 7))
    services.cancel_occurrence(actor=streamer, scheduled=scheduled, on=date(2027, 3, 7))
    assert next_occurrences([channel.pk], NOW)[channel.pk].on == date(2027, 3, 14)
    assert [day.is_cancelled for day in upcoming(channel, NOW)] == [True, False, False, False]
    services.restore_occurrence(actor=streamer, scheduled=scheduled, on=date(2027, 3, 7))
    assert next_occurrences([channel.pk], NOW)[channel.pk].on == date(2027, 3, 7)
    assert AuditEntry.objects.filter(action="schedule.occurrence_cancelled").count() == 1


@pytest.mark.parametrize("day", [date(2027, 3, 8), date(2027, 2, 28), date(2099, 1, 1)])
def test_a_day_that_is_none_of_its_own_can_not_be_cancelled(channel, streamer, day):
    scheduled = plan(channel, repeats="weekly", last_on=date(2027, 6, 1))
    with raises(Invalid) as refusal:
        services.cancel_occurrence(actor=streamer, scheduled=scheduled, on=day)
    assert list(refusal.value.fields) == ["on"]


def test_moving_it_to_another_day_keeps_no_cancellation_of_the_old_one(channel, streamer):
    scheduled = plan(channel, repeats="weekly")
    services.cancel_occurrence(actor=streamer, scheduled=scheduled, on=date(2027, 3, 14))
    kept = services.edit_scheduled(actor=streamer, scheduled=scheduled, start_time=time(20))
    assert kept.cancelled_on == ["2027-03-14"]
    moved = services.edit_scheduled(actor=streamer, scheduled=scheduled, first_on=date(2027, 3, 8))
    assert moved.cancelled_on == []


def test_once_becomes_weekly_and_back(channel, streamer):
    scheduled = plan(channel)
    assert len(list(scheduled.occurrences(NOW))) == 1
    weekly = services.edit_scheduled(actor=streamer, scheduled=scheduled, repeats="weekly")
    assert weekly.last_on is None
    once = services.edit_scheduled(actor=streamer, scheduled=weekly, repeats="once")
    assert once.last_on == once.first_on


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 141),
        ("category", "unheard-of"),
        ("repeats", "daily"),
        ("first_on", "2027-03-07"),
        ("first_on", date(2027, 2, 27)),
        ("first_on", date(1, 1, 1)),
        ("first_on", date(2029, 1, 1)),
        ("first_on", NOW),
        ("start_time", "18:00"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", ["UTC"]),
        ("duration_minutes", 0),
        ("duration_minutes", 1441),
        ("duration_minutes", True),
    ],
)
def test_bad_input_names_its_field_and_nothing_is_planned(channel, field, value):
    with raises(Invalid) as refusal:
        plan(channel, **{field: value})
    assert list(refusal.value.fields) == [field]
    assert not ScheduledBroadcast.objects.exists()


def test_the_last_day_is_not_before_the_first(channel):
    with raises(Invalid) as refusal:
        plan(channel, repeats="weekly", last_on=date(2027, 3, 1))
    assert list(refusal.value.fields) == ["last_on"]


def test_editors_plan_and_others_do_not(channel, stranger):
    helpers = {role: factories.person() for role in (Role.EDITOR, Role.MODERATOR, Role.VIP)}
    for role, person in helpers.items():
        ChannelRole.objects.create(channel=channel, user=person, role=role)
    fields = {
        "title": "By a helper", "first_on": date(2027, 3, 9), "start_time": time(9), "time_zone": "UTC",
        "duration_minutes": 60,
    }  # fmt: skip
    for person in (stranger, helpers[Role.MODERATOR], helpers[Role.VIP]):
        with raises(NotAllowed):
            services.schedule_broadcast(actor=person, channel=channel, **fields)
    scheduled = services.schedule_broadcast(actor=helpers[Role.EDITOR], channel=channel, **fields)
    deeds = (
        lambda: services.edit_scheduled(actor=stranger, scheduled=scheduled, title="Mine"),
        lambda: services.cancel_occurrence(actor=stranger, scheduled=scheduled, on=date(2027, 3, 9)),
        lambda: services.restore_occurrence(actor=stranger, scheduled=scheduled, on=date(2027, 3, 9)),
        lambda: services.unschedule_broadcast(actor=stranger, scheduled=scheduled),
    )
    for deed in deeds:
        with raises(NotAllowed):
            deed()
    found = ScheduledBroadcast.objects.get()
    assert (found.title, found.cancelled_on) == ("By a helper", [])


@pytest.mark.django_db(transaction=True)
def test_many_at_once_stay_within_the_most(channel):
    for number in range(MOST_SCHEDULED - 1):
        plan(channel, title=f"Number {number}")
    outcomes = at_once(lambda title: plan(channel, title=title), ["a", "b", "c"])
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 2
    assert channel.schedule.count() == MOST_SCHEDULED


@pytest.mark.django_db(transaction=True)
def test_two_who_cancel_at_once_cancel_both_days(channel, streamer):
    scheduled = plan(channel, repeats="weekly")
    at_once(
        lambda on: services.cancel_occurrence(actor=streamer, scheduled=scheduled, on=on),
        [date(2027, 3, 7), date(2027, 3, 14)],
    )
    scheduled.refresh_from_db()
    assert scheduled.cancelled_on == ["2027-03-07", "2027-03-14"]


def test_what_comes_next_of_many_channels_is_one_query(channel, streamer):
    other, idle = factories.channel(streamer), factories.channel(streamer)
    plan(channel, repeats="weekly")
    plan(channel, title="Sooner", first_on=date(2027, 3, 3))
    running = plan(other, title="Running", first_on=date(2027, 3, 1), start_time=time(12), repeats="weekly")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = next_occurrences([channel.pk, other.pk, idle.pk], NOW)
    assert len(queries) == 1
    assert found[channel.pk].scheduled.title == "Sooner"
    assert (found[other.pk].scheduled, found[other.pk].on) == (running, date(2027, 3, 8))
    assert idle.pk not in found


BODY = {
    "title": "Modular", "category": "music", "repeats": "weekly", "firstOn": "2027-03-07",
    "startTime": "18:00", "timeZone": "Europe/Berlin", "durationMinutes": 120,
}  # fmt: skip


def test_the_api_plans_edits_cancels_and_deletes(mine, theirs, visitor, channel):
    address = f"/api/channels/{channel.pk}/schedule"
    made = mine.post(address, BODY, format="json")
    assert made.status_code == 201
    plan_id = made.json()["id"]
    assert made.json() == BODY | {
        "id": plan_id, "lastOn": None, "cancelledOn": [], "nextAt": "2027-03-07T17:00:00Z",
    }  # fmt: skip
    assert visitor.get(address).json()["data"] == [made.json()]
    assert visitor.post(address, BODY, format="json").status_code == 401
    assert theirs.post(address, BODY, format="json").status_code == 403
    one = f"{address}/{plan_id}"
    assert mine.patch(one, {"title": "Ambient"}, format="json").json()["title"] == "Ambient"
    assert mine.patch(one, {}, format="json").json()["code"] == "NOTHING_TO_CHANGE"
    assert theirs.put(f"{one}/cancelled/2027-03-07").status_code == 403
    cancelled = mine.put(f"{one}/cancelled/2027-03-07").json()
    assert (cancelled["cancelledOn"], cancelled["nextAt"]) == (["2027-03-07"], "2027-03-14T17:00:00Z")
    assert mine.delete(f"{one}/cancelled/2027-03-07").json()["cancelledOn"] == []
    assert mine.put(f"{one}/cancelled/tomorrow").json()["fields"] == {"on": ["Write the day as 2027-03-28."]}
    assert theirs.delete(one).status_code == 403
    assert mine.delete(one).status_code == 204
    assert visitor.get(one).json()["code"] == "SCHEDULED_NOT_FOUND"


def test_a_plan_is_reached_through_its_own_channel_alone(mine, channel, streamer):
    other = factories.channel(streamer)
    scheduled = plan(other)
    assert mine.get(f"/api/channels/{channel.pk}/schedule/{scheduled.pk}").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"firstOn": "soon"}, "firstOn"),
        ({"startTime": "25:00"}, "startTime"),
        ({"timeZone": "Nowhere"}, "timeZone"),
        ({"durationMinutes": 5000}, "durationMinutes"),
        ({"repeats": "daily"}, "repeats"),
    ],
)
def test_the_api_names_what_is_wrong(mine, channel, change, field):
    refused = mine.post(f"/api/channels/{channel.pk}/schedule", BODY | change, format="json")
    assert (refused.status_code, list(refused.json()["fields"])) == (400, [field])
