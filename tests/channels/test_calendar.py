"""The calendar feed, read as a calendar program reads it: by a library, and by the rules of the format."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from dateutil.rrule import rrulestr
from django.test import Client
from icalendar import Calendar

from apps.channels import services
from apps.channels.models import Channel

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


def plan(channel, **fields):
    wanted = {
        "title": "Modular", "first_on": date(2027, 3, 7), "start_time": time(18), "duration_minutes": 90,
        "time_zone": "Europe/Berlin", "repeats": "weekly",
    }  # fmt: skip
    return services.schedule_broadcast(actor=channel.owner, channel=channel, **(wanted | fields))


def get(channel, **headers):
    return Client().get(f"/c/{channel.slug}/schedule.ics", headers=headers)


def events(channel):
    calendar = Calendar.from_ical(get(channel).content)
    assert not calendar.errors
    return {str(event["summary"]): event for event in calendar.walk("VEVENT")}


def test_a_weekly_plan_is_a_rule_in_the_creators_zone(channel, streamer):
    scheduled = plan(channel, last_on=date(2027, 4, 8), category="music")
    services.cancel_occurrence(actor=streamer, scheduled=scheduled, on=date(2027, 3, 14))
    answer = get(channel)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = events(channel).values()
    start = event["dtstart"].dt
    assert (start.isoformat(), event["dtstart"].params["TZID"]) == (
        "2027-03-07T18:00:00+01:00",
        "Europe/Berlin",
    )
    assert event["duration"].dt == timedelta(minutes=90)
    assert event["exdate"].dts[0].dt.isoformat() == "2027-03-14T18:00:00+01:00"
    assert str(event["url"]).endswith("/streams/night-drive")
    # What the rule says, expanded by another program, is what the page says.
    rule = event["rrule"].to_ical().decode()
    assert rule == "FREQ=WEEKLY;UNTIL=20270404T160000Z"
    expanded = [day.astimezone(UTC) for day in rrulestr(rule, dtstart=start)]
    assert expanded == [day.starts_at for day in scheduled.occurrences(NOW)]


def test_the_file_tells_how_the_clocks_change(channel):
    plan(channel)
    plan(channel, title="Elsewhere", time_zone="America/New_York")
    calendar = Calendar.from_ical(get(channel).content)
    zones = {str(zone["tzid"]): zone.to_tz() for zone in calendar.walk("VTIMEZONE")}
    assert zones.keys() == {"Europe/Berlin", "America/New_York"}
    for name, winter, summer in (("Europe/Berlin", 1, 2), ("America/New_York", -5, -4)):
        offsets = [
            datetime(2027, month, 1, 12).astimezone().replace(tzinfo=zones[name]).utcoffset()
            for month in (2, 7)
        ]
        assert offsets == [timedelta(hours=winter), timedelta(hours=summer)]


def test_lines_are_folded_and_hostile_text_is_text(channel, streamer):
    name, title = "Ünter; den, Linden \\ BEGIN:VEVENT", "Jam\\n, ; : END:VCALENDAR " + "ü" * 60
    services.edit_channel(actor=streamer, channel=channel, name=name)
    plan(channel, title=title)
    raw = get(channel).content
    lines = raw.split(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    assert [line for line in lines if line == b"BEGIN:VEVENT"] == [b"BEGIN:VEVENT"]
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert list(events(channel)) == [f"{name}: {title}"]


def test_one_day_stays_for_a_while_and_says_when_it_is_cancelled(channel, streamer):
    scheduled = plan(channel, repeats="once")
    services.cancel_occurrence(actor=streamer, scheduled=scheduled, on=date(2027, 3, 7))
    with time_machine.travel(NOW + timedelta(days=20)):
        (event,) = events(channel).values()
    assert (str(event["status"]), "rrule" in event) == ("CANCELLED", False)


def test_the_uid_stays_and_the_tag_changes_with_the_plan(channel, streamer):
    scheduled = plan(channel)
    first = get(channel)
    uid = {str(event["uid"]) for event in events(channel).values()}
    again = get(channel, if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    with time_machine.travel(NOW + timedelta(minutes=1)):
        services.edit_scheduled(actor=streamer, scheduled=scheduled, title="Ambient")
        changed = get(channel, if_none_match=first["ETag"])
        assert changed.status_code == 200
        assert {str(event["uid"]) for event in events(channel).values()} == uid
        services.unschedule_broadcast(actor=streamer, scheduled=scheduled)
        assert events(channel) == {}
        assert get(channel)["ETag"] not in (first["ETag"], changed["ETag"])


def test_the_feed_of_a_suspended_channel_is_gone_and_an_old_address_leads_on(channel, streamer):
    services.edit_channel(actor=streamer, channel=channel, slug="day-drive")
    assert Client().get("/c/night-drive/schedule.ics")["Location"] == "/c/day-drive/schedule.ics"
    Channel.objects.update(suspended_at=NOW)
    assert Client().get("/c/day-drive/schedule.ics").status_code == 404
