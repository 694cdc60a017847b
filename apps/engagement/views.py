"""The page of raids: send one, say who may send one here."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.core.errors import DomainError
from apps.core.forms import take_refusal
from apps.streams.models import Broadcast

from . import services
from .forms import RaidBlockForm, RaidForm, RaidSettingsForm
from .models import Raid

SHOWN = 10


@require_safe
@never_cache
@login_required
def raids(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, channel_for(request, slug, Power.RAID))


@require_POST
@login_required
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.RAID)
    form = RaidForm(request.POST)
    if not form.is_valid():
        return _page(request, channel, form=form)
    try:
        services.begin_raid(actor=request.user, channel=channel, **form.cleaned_data)
    except DomainError as refusal:
        take_refusal(form, refusal)
        return _page(request, channel, form=form)
    return redirect("engagement:raids", channel.slug)


@require_POST
@login_required
def cancel(request: HttpRequest, slug: str) -> HttpResponse:
    return _end_countdown(request, slug, services.cancel_raid, "The raid to %s is cancelled.")


@require_POST
@login_required
def go_now(request: HttpRequest, slug: str) -> HttpResponse:
    return _end_countdown(request, slug, services.go_now, "Your viewers are on their way to %s.")


@require_POST
@login_required
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_CHANNEL)
    form = RaidSettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, channel, settings=form)
    services.choose_raiders(actor=request.user, channel=channel, **form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("engagement:raids", channel.slug)


@require_POST
@login_required
def block(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_CHANNEL)
    form = RaidBlockForm(request.POST)
    if not form.is_valid():
        return _page(request, channel, block=form)
    try:
        blocked = services.block_raids(actor=request.user, channel=channel, **form.cleaned_data).blocked
    except DomainError as refusal:
        take_refusal(form, refusal)
        return _page(request, channel, block=form)
    messages.success(request, f"Raids of {blocked.name} are not taken any more.")
    return redirect("engagement:raids", channel.slug)


@require_POST
@login_required
def unblock(request: HttpRequest, slug: str, blocked: uuid.UUID) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_CHANNEL)
    services.unblock_raids(actor=request.user, channel=channel, blocked_id=blocked)
    return redirect("engagement:raids", channel.slug)


def _end_countdown(request: HttpRequest, slug: str, verb: Callable[..., Raid], words: str) -> HttpResponse:
    """End the countdown by `verb`; `words` name the other channel."""
    channel = channel_for(request, slug, Power.RAID)
    try:
        raid = verb(actor=request.user, channel=channel)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, words % raid.target.name)
    return redirect("engagement:raids", channel.slug)


def _page(
    request: HttpRequest,
    channel: Channel,
    *,
    form: RaidForm | None = None,
    settings: RaidSettingsForm | None = None,
    block: RaidBlockForm | None = None,
) -> HttpResponse:
    """The page with its three forms; 422 when one of them was refused."""
    refused = [each for each in (form, settings, block) if each is not None and each.errors]
    gone = Raid.objects.filter(Q(source=channel) | Q(target=channel), state=Raid.State.GONE).with_names()
    context: dict[str, Any] = {
        "channel": channel,
        "raid": services.raid_of(channel),
        "is_live": Broadcast.objects.on_air().filter(channel=channel).exists(),
        "form": form or RaidForm(),
        "gone": gone[:SHOWN],
    }
    if policies.may(request.user, Power.EDIT_CHANNEL, channel):
        context |= {
            "settings": settings or RaidSettingsForm(initial={"accepts": services.accepts_of(channel)}),
            "block_form": block or RaidBlockForm(),
            "blocks": channel.raid_blocks.select_related("blocked"),
        }
    return render(request, "engagement/raids.html", context, status=422 if refused else 200)
