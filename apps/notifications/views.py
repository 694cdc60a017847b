"""Ending letters from a letter."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from . import services


# Mail programs post here by themselves, without a cookie of ours (RFC 8058, section 3.2); what it does, the
# token alone allows.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """A GET only asks: programs open the links of letters to look for evil in them."""
    channel = services.channel_of(token)
    if request.method == "POST":
        services.end_letters(token=token)
    return render(
        request, "notifications/off.html", {"channel": channel, "is_done": request.method == "POST"}
    )
