"""Pieces of pages that show a broadcast."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def grant_seconds() -> int:
    """How long a playback grant of this page lives, so that its player renews in time."""
    return settings.PLAYBACK_GRANT_SECONDS
