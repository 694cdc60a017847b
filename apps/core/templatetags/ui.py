"""What templates need beside values: icons, the theme, and numbers as people read them."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from apps.core.errors import DomainError
from apps.core.modules import brought_along

register = template.Library()

HUES = 12
THEMES = ("dark", "light")
LANGUAGES = dict(settings.LANGUAGES)


@register.simple_tag
@cache
def icon(name: str, classes: str = "") -> SafeString:
    """One icon of the sprite, silent for screen readers: what it stands in gets the words."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" {classes}" if classes else "",
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
@cache
def module(name: str) -> SafeString:
    """The module `name` of static/, and the names of all that it imports: they come side by side."""
    links = ((static(each),) for each in brought_along(name))
    return format_html(
        '{}<script type="module" src="{}"></script>',
        format_html_join("", '<link rel="modulepreload" fetchpriority="low" href="{}">', links),
        static(name),
    )


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """`dark`, `light`, or "" for the device's own: the person's setting, else the browser's cookie."""
    request = context.get("request")
    if request is None:
        return ""
    user = getattr(request, "user", None)
    chosen = user.theme if user is not None and user.is_authenticated else request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else ""


@register.simple_tag(takes_context=True)
def absolute(context: template.Context, url: str) -> str:
    """`url` with scheme and host, for readers that are not on this page; one that has them stays."""
    return context["request"].build_absolute_uri(url)


# What an error page is called, and its icon. Codes speak first, statuses for all others.
HEADINGS: dict[str | int, tuple[str, str]] = {
    "CSRF_FAILED": ("This page has grown old", "clock"),
    "CHANNEL_SUSPENDED": ("This channel is suspended", "ban"),
    "CHANNEL_CLOSED": ("This channel is closed", "lock"),
    400: ("That did not work", "circle-alert"),
    401: ("Sign in first", "log-in"),
    403: ("Not for you", "lock"),
    404: ("Nothing here", "compass"),
    413: ("Too much at once", "upload"),
    429: ("Too fast", "clock"),
    503: ("Not available right now", "refresh-cw"),
}
OTHER_HEADING = ("That is not possible", "circle-alert")


@register.filter
def heading(refusal: DomainError) -> str:
    """The title of the page that shows this refusal."""
    return _heading(refusal)[0]


@register.filter
def mark(refusal: DomainError) -> str:
    """The icon of the page that shows this refusal."""
    return _heading(refusal)[1]


def _heading(refusal: DomainError) -> tuple[str, str]:
    return HEADINGS.get(refusal.code) or HEADINGS.get(refusal.status) or OTHER_HEADING


@register.filter
def hue(key: Any) -> str:
    """The class of the hue that belongs to `key`, always the same one."""
    return f"hue-{zlib.crc32(str(key).encode()) % HUES}"


@register.filter
def compact(number: int) -> str:
    """1234 → 1.2k, 2500000 → 2.5M; below a thousand the number itself."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            short = f"{number / size:.1f}".removesuffix(".0") if number < 100 * size else f"{number // size}"
            return f"{short}{unit}"
    return str(number)


@register.filter
def grouped(number: int) -> str:
    """1284 → 1,284."""
    return f"{number or 0:,}"


@register.filter
def clock(duration: timedelta | None) -> str:
    """A duration as 02:14:07."""
    seconds = max(0, int(duration.total_seconds())) if duration else 0
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@register.filter
def iso(at: datetime | None) -> str:
    """A time for machines: ISO 8601 with its offset, "" for none."""
    return at.isoformat(timespec="milliseconds") if at else ""


@register.filter
def hour_minute(at: datetime | None) -> str:
    """A time beside a line of chat, 21:04 in the reader's zone as far as it is known."""
    return f"{localtime(at):%H:%M}" if at else ""


@register.filter
def language_name(code: str) -> str:
    """The language's name in English; the code itself when it is unknown."""
    return str(LANGUAGES.get(code, code))
