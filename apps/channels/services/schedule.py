"""What creators plan: when they will be live, and when they won't after all.

Every change holds the channel's row, so that two never decide on the same state.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.services import time_zones
from apps.channels import policies
from apps.channels.facts import OccurrenceDue
from apps.channels.models import ONCE, WEEKLY, Channel, ScheduledBroadcast, ScheduledBroadcastQuerySet
from apps.channels.roles import Power
from apps.channels.selectors import find_scheduled
from apps.core import audit
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.core.text import clean

from .channels import category_named

if TYPE_CHECKING:
    from apps.accounts.models import Actor

MOST_SCHEDULED = 50
MOST_CANCELLED = 60
SHORTEST_MINUTES, LONGEST_MINUTES = 5, 24 * 60
# How long before it a reminder is sent.
SOON = timedelta(minutes=15)
AHEAD, BEHIND = timedelta(days=366), timedelta(days=7)


def schedule_broadcast(*, actor: Actor, channel: Channel, **fields: Any) -> ScheduledBroadcast:
    """Plan a broadcast: title, first_on, start_time, time_zone, duration_minutes; category (its slug),
    repeats (once, weekly) and last_on (a weekly one's last day) if wanted.

    `start_time` is that of a clock in `time_zone`. Raises Invalid that names the field, Conflict
    (SCHEDULE_FULL), NotAllowed.
    """
    policies.require(actor, Power.EDIT_SCHEDULE, channel)
    checked = _checked({"category": "", "repeats": ONCE, "last_on": None} | fields)
    if missing := [name for name in _CHECKS if name not in checked]:
        raise Invalid.field(missing[0], "This can't be empty.")
    with transaction.atomic():
        channel = Channel.objects.hold(channel.pk)
        now = timezone.now()
        if channel.schedule.coming(now).count() >= MOST_SCHEDULED:
            raise Conflict(
                f"A channel plans at most {MOST_SCHEDULED} broadcasts. Delete one first.",
                code="SCHEDULE_FULL",
            )
        scheduled = ScheduledBroadcast(channel=channel, **checked)
        _settle(scheduled, now)
        scheduled.save()
        _record(actor, "schedule.added", scheduled)
    return scheduled


def edit_scheduled(*, actor: Actor, scheduled: ScheduledBroadcast, **changes: Any) -> ScheduledBroadcast:
    """Change any of what `schedule_broadcast` takes; what is not named stays. Days that were cancelled stay
    so as long as they are still days of it. Raises like it, and NotFound when it was deleted meanwhile."""
    policies.require(actor, Power.EDIT_SCHEDULE, scheduled.channel)
    checked = _checked(changes)
    with transaction.atomic():
        scheduled = _held(scheduled)
        first_on_before, was_single = scheduled.first_on, scheduled.repeats == ONCE
        for field, value in checked.items():
            setattr(scheduled, field, value)
        if was_single and scheduled.repeats == WEEKLY and "last_on" not in checked:
            scheduled.last_on = None
        _settle(scheduled, timezone.now(), first_on_before=first_on_before)
        scheduled.save()
        _record(actor, "schedule.edited", scheduled, fields=sorted(checked))
    return scheduled


def unschedule_broadcast(*, actor: Actor, scheduled: ScheduledBroadcast) -> None:
    """Delete it, with all days that it had; one that is gone already is fine."""
    policies.require(actor, Power.EDIT_SCHEDULE, scheduled.channel)
    with transaction.atomic():
        Channel.objects.hold(scheduled.channel_id)
        found = ScheduledBroadcast.objects.filter(pk=scheduled.pk).first()
        if found is not None:
            _record(actor, "schedule.removed", found)
            found.delete()


def cancel_occurrence(*, actor: Actor, scheduled: ScheduledBroadcast, on: date) -> ScheduledBroadcast:
    """It does not take place on this day of it; cancelling twice is one cancellation.

    Raises Invalid for a day that is over or none of its own, Conflict (TOO_MANY_CANCELLED).
    """
    return _mark(actor, scheduled, on, cancelled=True)


def restore_occurrence(*, actor: Actor, scheduled: ScheduledBroadcast, on: date) -> ScheduledBroadcast:
    """It takes place on this day after all. Raises Invalid like `cancel_occurrence`."""
    return _mark(actor, scheduled, on, cancelled=False)


def ring_occurrences() -> None:
    """Tell (OccurrenceDue) of what begins within SOON, of each day once; what has begun is no news."""
    now = timezone.now()
    for pk, channel_id in list(_due(now).values_list("pk", "channel_id")):
        with transaction.atomic():
            if not Channel.objects.select_for_update(no_key=True).filter(pk=channel_id).exists():
                continue
            scheduled = _due(now).filter(pk=pk).first()
            if scheduled is None:
                continue
            passed = now
            first = scheduled.next_occurrence(now)
            if first is not None and first.starts_at <= now + SOON:
                publish(OccurrenceDue(scheduled.pk, channel_id, first.on))
                passed = first.starts_at
            _wind(scheduled, passed)
            # Not its `changed_at`: nothing of what it says has changed.
            ScheduledBroadcast.objects.filter(pk=pk).update(next_at=scheduled.next_at)


def _wind(scheduled: ScheduledBroadcast, after: datetime) -> None:
    """Let it be rung for what begins after that moment. Does not save."""
    following = scheduled.next_occurrence(after)
    scheduled.next_at = following.starts_at if following else None


def _due(now: datetime) -> ScheduledBroadcastQuerySet:
    return ScheduledBroadcast.objects.filter(next_at__lte=now + SOON)


def _mark(actor: Actor, scheduled: ScheduledBroadcast, on: date, *, cancelled: bool) -> ScheduledBroadcast:
    policies.require(actor, Power.EDIT_SCHEDULE, scheduled.channel)
    with transaction.atomic():
        scheduled = _held(scheduled)
        today = timezone.now().astimezone(scheduled.zone).date()
        if not scheduled.takes_place_on(on) or on < today - timedelta(days=1):
            raise Invalid.field("on", "It does not take place on this day. Choose one of the days shown.")
        marks = {day for day in scheduled.cancelled_on if day >= (today - BEHIND).isoformat()}
        changed = marks | {on.isoformat()} if cancelled else marks - {on.isoformat()}
        if len(changed) > MOST_CANCELLED:
            raise Conflict("So many days can't be cancelled. Give it a last day.", code="TOO_MANY_CANCELLED")
        if changed != marks:
            scheduled.cancelled_on = sorted(changed)
            _wind(scheduled, timezone.now())
            scheduled.save(update_fields=["cancelled_on", "next_at", "changed_at"])
            deed = "schedule.occurrence_cancelled" if cancelled else "schedule.occurrence_restored"
            _record(actor, deed, scheduled, on=on.isoformat())
    return scheduled


def _held(scheduled: ScheduledBroadcast) -> ScheduledBroadcast:
    channel = Channel.objects.hold(scheduled.channel_id)
    return find_scheduled(channel=channel, scheduled_id=scheduled.pk)


def _settle(scheduled: ScheduledBroadcast, now: datetime, first_on_before: date | None = None) -> None:
    """Make the row agree with itself, or raise Invalid that names the field which can't be."""
    first = scheduled.first_on
    if scheduled.repeats == ONCE:
        scheduled.last_on = first
    elif scheduled.last_on is not None and scheduled.last_on < first:
        raise Invalid.field("last_on", "The last day is before the first one. Leave it empty for no end.")
    if first != first_on_before:
        today = now.astimezone(scheduled.zone).date()
        if not today - BEHIND <= first <= today + AHEAD:
            raise Invalid.field("first_on", "Choose a day within the next year.")
    if next(scheduled.occurrences(now), None) is None:
        field = "first_on" if scheduled.repeats == ONCE else "last_on"
        raise Invalid.field(field, "This time is over already. Choose a later one.")
    days = (date.fromisoformat(day) for day in scheduled.cancelled_on)
    scheduled.cancelled_on = [day.isoformat() for day in days if scheduled.takes_place_on(day)]
    _wind(scheduled, now)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    return {field: _CHECKS[field](value) for field, value in fields.items()}


def _day(field: str) -> Any:
    def check(value: Any) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise Invalid.field(field, "Write the day as 2027-03-28.")
        return value

    return check


def _last_day(value: Any) -> date | None:
    return None if value is None else _day("last_on")(value)


def _start_time(value: Any) -> time:
    if not isinstance(value, time) or value.tzinfo is not None:
        raise Invalid.field("start_time", "Write the time as 18:00.")
    return value.replace(second=0, microsecond=0, fold=0)


def _time_zone(value: Any) -> str:
    if not isinstance(value, str) or value not in time_zones():
        raise Invalid.field("time_zone", "Choose a time zone such as Europe/Paris.")
    return value


def _duration(value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not SHORTEST_MINUTES <= value <= LONGEST_MINUTES:
        raise Invalid.field(
            "duration_minutes", f"Choose a length from {SHORTEST_MINUTES} minutes to 24 hours (in minutes)."
        )
    return value


def _repeats(value: Any) -> str:
    if value not in (ONCE, WEEKLY):
        raise Invalid.field("repeats", "Choose once or weekly.")
    return value


_CHECKS = {
    "title": lambda value: clean(value, field="title", most=140, least=1),
    "category": category_named,
    "repeats": _repeats,
    "first_on": _day("first_on"),
    "last_on": _last_day,
    "start_time": _start_time,
    "time_zone": _time_zone,
    "duration_minutes": _duration,
}


def _record(actor: Actor, action: str, scheduled: ScheduledBroadcast, **details: Any) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=scheduled,
        channel_id=scheduled.channel_id,
        title=scheduled.title,
        **details,
    )
