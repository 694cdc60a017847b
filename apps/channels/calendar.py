"""A channel's schedule as a calendar that other programs read (RFC 5545, with the names of RFC 7986)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar, Event, vText

from .models import WEEKLY, Channel, Occurrence, ScheduledBroadcast

REFRESH = timedelta(hours=1)


def feed_tag(channel: Channel, plans: Sequence[ScheduledBroadcast]) -> str:
    """An entity tag that changes when the calendar does (RFC 9110, section 8.8.3)."""
    parts = [settings.PUBLIC_URL, channel.slug, channel.name, str(_known_until())]
    for plan in plans:
        parts += [plan.pk.hex, plan.changed_at.isoformat(), plan.category.name if plan.category else ""]
    return f'"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"'


def feed(channel: Channel, plans: Sequence[ScheduledBroadcast]) -> bytes:
    """The calendar: one event a plan, weekly ones as a rule in the creator's time zone, whose changes of the
    clocks are part of the file. UIDs stay for as long as a plan does."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", f"-//{settings.SITE_NAME}//Schedule//EN")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, vText(channel.name))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for plan in plans:
        calendar.add_component(_event(channel, plan))
    if plans:
        first = min(plan.first_on for plan in plans)
        calendar.add_missing_timezones(date(first.year, 1, 1), _known_until())
    return calendar.to_ical()


def _known_until() -> date:
    """Until when the changes of the clocks are told; a feed is read again long before."""
    return date(timezone.now().year + 3, 1, 1)


def _event(channel: Channel, plan: ScheduledBroadcast) -> Event:
    event = Event()
    event.add("uid", f"{plan.pk}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", plan.changed_at.astimezone(UTC))
    event.add("last-modified", plan.changed_at.astimezone(UTC))
    event.add("summary", f"{channel.name}: {plan.title}")
    event.add("dtstart", _local(plan, plan.first_on))
    event.add("duration", plan.duration)
    event.add("url", settings.PUBLIC_URL + reverse("streams:watch", args=[channel.slug]))
    if plan.category:
        event.add("categories", [vText(plan.category.name)])
    cancelled = [date.fromisoformat(day) for day in plan.cancelled_on]
    if plan.repeats == WEEKLY:
        event.add("rrule", _rule(plan))
        if cancelled:
            event.add("exdate", [_local(plan, day) for day in cancelled])
    elif cancelled:
        event.add("status", "CANCELLED")
    return event


def _rule(plan: ScheduledBroadcast) -> dict[str, object]:
    rule: dict[str, object] = {"freq": "weekly"}
    if plan.last_on:
        # In UTC where the start is in a zone (section 3.3.10).
        last = max(day for day in plan.days(plan.first_on))
        rule["until"] = Occurrence(plan, last).starts_at
    return rule


def _local(plan: ScheduledBroadcast, day: date) -> datetime:
    return datetime.combine(day, plan.start_time, tzinfo=plan.zone)
