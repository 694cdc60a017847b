"""A channel's shows: the pages on which they are set up and put on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
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
from apps.streams import services
from apps.streams.doors import doors_for
from apps.streams.models import Broadcast, Show, SimulcastTarget, StreamKey
from apps.streams.providers import site_provider
from apps.streams.services.showing import day_of
from apps.streams.services.shows import MOST
from apps.streams.show_forms import ShowForm

from . import keys
from .creating import ANNOUNCED


@require_safe
@login_required
def shows(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_SHOWS)
    found = services.shows_of(actor=request.user, channel=channel)
    context = {
        "channel": channel,
        "current": [(show, services.next_title(show)) for show in found if show.archived_at is None],
        "archived": [show for show in found if show.archived_at is not None],
        "is_full": len(found) >= MOST,
        "most": MOST,
        "is_live": Broadcast.objects.on_air().filter(channel=channel).exists(),
    }
    return render(request, "streams/shows.html", context)


@login_required
def new_show(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_SHOWS)
    form = _form(request, channel, None)
    if form.is_bound and form.is_valid():
        try:
            show = services.create_show(actor=request.user, channel=channel, **form.changes())
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(
                request, "The show is there. Its key is below: who publishes with it sets all of this."
            )
            return redirect("streams:show", channel.slug, show.pk)
    context = {"channel": channel, "form": form, "today": day_of(channel)}
    return render(request, "streams/show_new.html", context, status=422 if form.errors else 200)


@never_cache
@login_required
def show(request: HttpRequest, slug: str, show: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_SHOWS)
    found = services.show_of(actor=request.user, channel=channel, show_id=show)
    form = _form(request, channel, found)
    if form.is_bound and form.is_valid():
        try:
            services.edit_show(actor=request.user, show=found, **form.changes())
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, "Saved. It counts from the next broadcast on.")
            return redirect("streams:show", channel.slug, found.pk)
    return _page(request, channel, show=found, form=form)


@require_POST
@login_required
def start_show(request: HttpRequest, slug: str, show: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_SHOWS)
    found = services.show_of(actor=request.user, channel=channel, show_id=show)
    try:
        broadcast = services.start_show(actor=request.user, show=found)
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect("streams:shows", channel.slug)
    messages.success(request, f"{broadcast.title}. {ANNOUNCED}")
    return redirect("streams:manager", channel.slug)


def _deed(verb: Callable[..., Any], said: str) -> Callable[[HttpRequest, str, str], HttpResponse]:
    """The view that does this to a show and goes back to the list."""

    @require_POST
    @login_required
    def view(request: HttpRequest, slug: str, show: str) -> HttpResponse:
        channel = channel_for(request, slug, Power.EDIT_SHOWS)
        found = services.show_of(actor=request.user, channel=channel, show_id=show)
        verb(actor=request.user, show=found)
        messages.success(request, said.format(found.name))
        return redirect("streams:shows", channel.slug)

    return view


archive_show = _deed(services.archive_show, "{} is archived, and its key has stopped working.")
restore_show = _deed(services.restore_show, "{} is back. Copy its new key into your encoder.")
delete_show = _deed(services.delete_show, "{} is deleted, and its key has stopped working.")


def _form(request: HttpRequest, channel: Channel, show: Show | None, *, posted: bool = True) -> ShowForm:
    targets = None
    if policies.may(request.user, Power.SIMULCAST, channel):
        targets = list(SimulcastTarget.objects.filter(channel=channel))
    data = request.POST if posted and request.method == "POST" else None
    return ShowForm(data, show=show, targets=targets)


def _page(
    request: HttpRequest, channel: Channel, key: str = "", *, show: Show, form: ShowForm | None = None
) -> HttpResponse:
    """The page of one show; 422 when `form` was refused, its key in clear when it is given."""
    form = form or _form(request, channel, show, posted=False)
    context = {
        "channel": channel,
        "show": show,
        "form": form,
        "next_title": services.next_title(show),
        "today": day_of(channel),
        "key": key,
        "may_use_key": policies.may(request.user, Power.USE_KEY, channel),
        "doors": doors_for(request),
        "host": site_provider(),
    }
    return render(request, "streams/show.html", context, status=422 if form.errors else 200)


reveal_key, rotate_key = keys.views_of(StreamKey.Kind.SHOW, _page)
