"""The two deeds on a key, whichever of a channel's it is and whichever page shows it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.streams import services
from apps.streams.models import StreamKey

Page = Callable[[HttpRequest, Channel, str], HttpResponse]
"""Renders the page with the key in clear."""
View = Callable[[HttpRequest, str], HttpResponse]


def views_of(kind: StreamKey.Kind, page: Page) -> tuple[View, View]:
    """The views that show the key of this kind to its owner, and that replace it."""

    @require_POST
    @never_cache
    @login_required
    def reveal(request: HttpRequest, slug: str) -> HttpResponse:
        channel = channel_for(request, slug, Power.USE_KEY)
        return page(request, channel, services.reveal_key(actor=request.user, channel=channel, kind=kind))

    @require_POST
    @never_cache
    @login_required
    def rotate(request: HttpRequest, slug: str) -> HttpResponse:
        channel = channel_for(request, slug, Power.USE_KEY)
        key = services.rotate_key(actor=request.user, channel=channel, kind=kind)
        messages.success(request, f"Here is your new {kind.label.lower()}. The old one has stopped working.")
        return page(request, channel, key)

    return reveal, rotate
