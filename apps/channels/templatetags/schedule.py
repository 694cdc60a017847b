"""What a channel plans, in the reader's own time."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from apps.channels.models import Channel, Occurrence
from apps.channels.schedule_forms import length_in_words
from apps.channels.selectors import upcoming

register = template.Library()
register.filter("length_in_words", length_in_words)


@register.inclusion_tag("components/schedule.html", takes_context=True)
def schedule_of(context: template.Context, channel: Channel) -> dict[str, Any]:
    """What comes next. Who is signed in reads it in their zone, everybody else in the channel's, which is
    named; a script then shows it in their browser's."""
    is_known = context["request"].user.is_authenticated
    days = upcoming(channel, timezone.now())
    return {"channel": channel, "days": days, "is_known": is_known}


@register.filter
def zone_for(day: Occurrence, is_known: bool) -> Any:
    """The zone in which the reader is shown this: theirs if it is known, else the creator's."""
    return timezone.get_current_timezone() if is_known else day.scheduled.zone
