"""The chat as a page of its own: for a second screen, and for the window beside a game."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.channels.selectors import find_channel


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    if channel.slug != slug:
        return redirect("chat:page", channel.slug, permanent=True)
    return render(request, "chat/page.html", {"channel": channel})
