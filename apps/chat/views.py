"""The chat's own pages: the room by itself, for a second screen or a window beside a game, and its modes."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.channels.roles import Power
from apps.channels.selectors import find_channel
from apps.channels.views import channel_for
from apps.core.errors import DomainError
from apps.core.forms import take_refusal

from . import selectors, services
from .desk.forms import ModesForm


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    if channel.slug != slug:
        return redirect("chat:page", channel.slug, permanent=True)
    return render(request, "chat/page.html", {"channel": channel})


@login_required
def modes(request: HttpRequest, slug: str) -> HttpResponse:
    """Who may write, and how: for all who host a chat, also without a seat at the moderators' desk."""
    channel = channel_for(request, slug, Power.EDIT_CHAT_MODES)
    form = (
        ModesForm(request.POST) if request.method == "POST" else ModesForm.of(selectors.room_of(channel.pk))
    )
    if form.is_bound and form.is_valid():
        try:
            services.edit_modes(actor=request.user, channel=channel, **form.changes())
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("chat:modes", channel.slug)
    context = {"channel": channel, "modes": form}
    return render(request, "chat/modes.html", context, status=422 if form.errors else 200)
