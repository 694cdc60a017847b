"""What ways in there are."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def has_social() -> bool:
    """Whether accounts of any other site are a way in here."""
    return bool(settings.SOCIALACCOUNT_PROVIDERS)
