"""What a person sees of moderation on a channel's pages."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.dateparse import parse_datetime

register = template.Library()


@register.filter
def moment(text: str) -> datetime | None:
    """A time as the API writes it, so that a page can show it in the reader's zone."""
    return parse_datetime(text)
