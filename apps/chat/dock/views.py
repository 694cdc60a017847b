"""The dock's pages. Its secret stands behind the # of its address, which no browser sends and no server logs;
the page's script sends it in a header."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.chat import services
from apps.chat.models import Dock
from apps.core.errors import DomainError, Invalid

from .deeds import carry_out

HEADER = "X-Dock"


@require_safe
@never_cache
@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    return _settings(request, slug)


@require_POST
@never_cache
@login_required
def renew(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.VIEW_MODERATION)
    token = services.renew_dock(actor=request.user, channel=channel)
    return _settings(request, slug, url=request.build_absolute_uri(f"{reverse('chat:dock')}#{token}"))


@require_POST
@login_required
def remove(request: HttpRequest, slug: str) -> HttpResponse:
    services.remove_dock(actor=request.user, channel=channel_for(request, slug, Power.VIEW_MODERATION))
    return redirect("chat:dock_settings", slug)


@require_safe
def dock(request: HttpRequest) -> HttpResponse:
    """The same empty page for everybody; its script asks for the room."""
    return render(request, "chat/dock.html")


@require_safe
@never_cache
def room(request: HttpRequest) -> HttpResponse:
    try:
        found = services.find_dock(request.headers.get(HEADER, ""))
    except DomainError as refusal:
        return JsonResponse(refusal.payload(), status=refusal.status)
    return render(request, "chat/_dock_room.html", {"dock": found})


# The secret is the proof: no cookie says anything here, so no other page can make a browser act.
@csrf_exempt
@require_POST
def deed(request: HttpRequest, name: str) -> JsonResponse:
    try:
        found = services.find_dock(request.headers.get(HEADER, ""))
        return JsonResponse(carry_out(found, name, _fields(request)))
    except DomainError as refusal:
        return JsonResponse(refusal.payload(), status=refusal.status)


def _settings(request: HttpRequest, slug: str, *, url: str = "") -> HttpResponse:
    channel = channel_for(request, slug, Power.VIEW_MODERATION)
    held = Dock.objects.filter(channel=channel, user=request.user.pk).first()
    return render(request, "chat/dock_settings.html", {"channel": channel, "dock": held, "url": url})


def _fields(request: HttpRequest) -> dict[str, Any]:
    try:
        fields = json.loads(request.body or b"{}")
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise Invalid("Send a JSON object.", code="MALFORMED")
    return fields
