"""Where a channel's stream is forwarded to: the page of its owner."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from apps.accounts import tickets
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.core.errors import DomainError
from apps.core.forms import take_refusal
from apps.streams import services
from apps.streams.forms import TargetForm
from apps.streams.providers import site_provider
from apps.streams.services.simulcast import MOST


@sensitive_post_parameters("key")
@never_cache
@login_required
def targets(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.SIMULCAST)
    form = TargetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            target = services.add_target(actor=request.user, channel=channel, **form.target())
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, f"Your stream goes to {target.name}, too.")
            return redirect("streams:simulcast", channel.slug)
    return _page(request, channel, form)


@require_POST
@login_required
def switch(request: HttpRequest, slug: str, target: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.SIMULCAST)
    found = services.target_of(actor=request.user, channel=channel, target_id=target)
    services.switch_target(actor=request.user, target=found, on=request.POST.get("on") == "yes")
    return redirect("streams:simulcast", channel.slug)


@sensitive_post_parameters("key")
@require_POST
@login_required
def change_key(request: HttpRequest, slug: str, target: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.SIMULCAST)
    found = services.target_of(actor=request.user, channel=channel, target_id=target)
    try:
        services.change_target(actor=request.user, target=found, key=request.POST.get("key", ""))
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{found.name} has its new key.")
    return redirect("streams:simulcast", channel.slug)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str, target: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.SIMULCAST)
    found = services.target_of(actor=request.user, channel=channel, target_id=target)
    services.remove_target(actor=request.user, target=found)
    messages.success(request, f"{found.name} is removed.")
    return redirect("streams:simulcast", channel.slug)


def _page(request: HttpRequest, channel: Channel, form: TargetForm) -> HttpResponse:
    forwardings = services.forwardings(actor=request.user, channel=channel)
    context = {
        "channel": channel,
        "forwardings": forwardings,
        "host": site_provider(),
        "form": form,
        "most": MOST,
        "is_full": len(forwardings) >= MOST,
        "ticket": tickets.for_page(request),
    }
    return render(request, "streams/simulcast.html", context, status=422 if form.errors else 200)
