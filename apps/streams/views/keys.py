"""The two deeds on a key, whichever of a channel's it is and whichever page shows it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.accounts.reauthentication import require_recent_proof
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.streams import services
from apps.streams.models import Show, StreamKey

Page = Callable[..., HttpResponse]
"""Renders the page with the key in clear; `show` names the show whose it is."""
View = Callable[..., HttpResponse]


def views_of(kind: StreamKey.Kind, page: Page) -> tuple[View, View]:
    """The views that show the key of this kind to its owner, and that replace it; that of a show, where the
    address names one."""

    @require_POST
    @never_cache
    @login_required
    def reveal(request: HttpRequest, slug: str, show: str = "") -> HttpResponse:
        channel = channel_for(request, slug, Power.USE_KEY)
        require_recent_proof(request)
        whose = _whose(request, channel, show)
        key = services.reveal_key(actor=request.user, channel=channel, kind=kind, **whose)
        return page(request, channel, key, **whose)

    @require_POST
    @never_cache
    @login_required
    def rotate(request: HttpRequest, slug: str, show: str = "") -> HttpResponse:
        channel = channel_for(request, slug, Power.USE_KEY)
        require_recent_proof(request)
        whose = _whose(request, channel, show)
        key = services.rotate_key(actor=request.user, channel=channel, kind=kind, **whose)
        messages.success(request, f"Here is your new {kind.label.lower()}. The old one has stopped working.")
        return page(request, channel, key, **whose)

    return reveal, rotate


def _whose(request: HttpRequest, channel: Channel, show: str) -> dict[str, Show]:
    if not show:
        return {}
    return {"show": services.show_of(actor=request.user, channel=channel, show_id=show)}
