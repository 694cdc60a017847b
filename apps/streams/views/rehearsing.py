"""The test of an encoder: its key, the private picture and the verdict."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts import tickets
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.streams import services
from apps.streams.doors import doors_for
from apps.streams.models import StreamKey

from . import keys

# Every topic of a verdict, and what it is called.
TOPICS = (
    ("connection", "Connection"),
    ("picture", "Picture"),
    ("frames", "Frames"),
    ("bitrate", "Bitrate"),
    ("keyframes", "Keyframes"),
    ("delay", "Delay"),
    ("sound", "Sound"),
)


@require_safe
@never_cache
@login_required
def page(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, channel_for(request, slug, Power.VIEW_DASHBOARD))


def _page(request: HttpRequest, channel: Channel, key: str = "") -> HttpResponse:
    """The page; with the test key in clear when `key` is given."""
    rehearsal = services.rehearsal_of(actor=request.user, channel=channel)
    verdict = rehearsal.verdict if rehearsal else {}
    is_running = rehearsal is not None and rehearsal.state == "running"
    findings = {finding["topic"]: finding for finding in verdict.get("findings", ())}
    context = {
        "channel": channel,
        "rehearsal": rehearsal,
        "is_running": is_running,
        "hls_url": services.rehearsal_url(actor=request.user, rehearsal=rehearsal)
        if rehearsal and is_running
        else "",
        "grade": verdict.get("grade", ""),
        "topics": [(topic, words, findings.get(topic)) for topic, words in TOPICS],
        "key": key,
        "may_use_key": policies.may(request.user, Power.USE_KEY, channel),
        "doors": doors_for(request),
        "ticket": tickets.for_page(request),
    }
    return render(request, "streams/rehearsal.html", context)


reveal_key, rotate_key = keys.views_of(StreamKey.Kind.REHEARSAL, _page)
