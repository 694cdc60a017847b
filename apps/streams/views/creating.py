"""What a creator sees of their own stream: the dashboard and its few deeds."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import tickets
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.core.errors import DomainError, NotFound
from apps.core.forms import take_refusal
from apps.streams import services
from apps.streams.doors import doors_of
from apps.streams.forms import BroadcastForm
from apps.streams.models import Broadcast, IngestRefusal, StreamKey
from apps.streams.providers import site_provider

from . import keys

# A refusal older than this is no answer to "why am I not live?" any more.
REFUSAL_SHOWN = timedelta(hours=1)
ANNOUNCED = "Announced. Start your encoder: the first picture puts you live."


@require_safe
@never_cache
@login_required
def manager(request: HttpRequest, slug: str) -> HttpResponse:
    return _manager(request, channel_for(request, slug, Power.VIEW_DASHBOARD))


@require_POST
@login_required
def save(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.VIEW_DASHBOARD)
    form, broadcast = BroadcastForm(request.POST), _open_broadcast(channel)
    if not form.is_valid():
        return _manager(request, channel, form=form)
    try:
        if broadcast is None:
            services.open_broadcast(actor=request.user, channel=channel, **form.cleaned_data)
        else:
            services.edit_broadcast(actor=request.user, broadcast=broadcast, **form.cleaned_data)
    except DomainError as refusal:
        take_refusal(form, refusal)
        return _manager(request, channel, form=form)
    messages.success(request, "Saved." if broadcast else ANNOUNCED)
    return redirect("streams:manager", channel.slug)


@require_POST
@login_required
def end(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.END_BROADCAST)
    broadcast = _open_broadcast(channel)
    if broadcast is None:
        raise NotFound("This channel is not live.", code="NOT_LIVE")
    was_live = broadcast.is_live
    services.end_broadcast(actor=request.user, broadcast=broadcast)
    messages.success(request, "The stream is over." if was_live else "The announcement is withdrawn.")
    return redirect("streams:manager", channel.slug)


def _open_broadcast(channel: Channel) -> Broadcast | None:
    broadcast = Broadcast.objects.open().filter(channel=channel).select_related("category").first()
    if broadcast is not None:
        broadcast.channel = channel
    return broadcast


def _form_of(broadcast: Broadcast) -> BroadcastForm:
    return BroadcastForm(
        initial={
            "title": broadcast.title,
            "description": broadcast.description,
            "category": broadcast.category.slug if broadcast.category else "",
            "tags": broadcast.tags,
        }
    )


def _blank_form(channel: Channel) -> BroadcastForm:
    return BroadcastForm(
        initial={
            "title": channel.next_title,
            "category": channel.category.slug if channel.category else "",
            "tags": channel.tags,
        }
    )


def _manager(
    request: HttpRequest,
    channel: Channel,
    *,
    form: BroadcastForm | None = None,
    key: str = "",
    backup_key: str = "",
) -> HttpResponse:
    """The dashboard: 422 when `form` was refused, a key in clear when it is given."""
    broadcast = _open_broadcast(channel)
    is_live = broadcast is not None and broadcast.is_live
    hls_url = ""
    if broadcast is not None and is_live and channel.suspended_at is None:
        hls_url = services.preview_url(actor=request.user, broadcast=broadcast)
    recent = timezone.now() - REFUSAL_SHOWN
    if form is None:
        form = _form_of(broadcast) if broadcast else _blank_form(channel)
    context = {
        "channel": channel,
        "broadcast": broadcast,
        "is_live": is_live,
        "hls_url": hls_url,
        "form": form,
        "key": key,
        "backup_key": backup_key,
        "may_use_key": policies.may(request.user, Power.USE_KEY, channel),
        "doors": doors_of(request, channel),
        "host": site_provider(),
        "door": services.hosted_input(channel),
        "refusal": IngestRefusal.objects.filter(channel=channel, refused_at__gt=recent).first(),
        "ticket": tickets.for_page(request),
    }
    return render(request, "streams/manager.html", context, status=422 if form.errors else 200)


reveal_key, rotate_key = keys.views_of(
    StreamKey.Kind.MAIN, lambda request, channel, key: _manager(request, channel, key=key)
)
reveal_backup_key, rotate_backup_key = keys.views_of(
    StreamKey.Kind.BACKUP, lambda request, channel, key: _manager(request, channel, backup_key=key)
)
