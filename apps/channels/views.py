"""Pages of channels: the one that everybody sees, and those of its creator."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.reauthentication import require_recent_proof
from apps.core.errors import DomainError
from apps.core.forms import next_address, take_refusal

from . import calendar, policies, services
from .forms import ChannelForm, DeleteChannelForm, NewChannelForm
from .gate import asks_first
from .models import Channel, RoleInvitation
from .roles import Power
from .selectors import (
    find_channel,
    followers_of,
    helped_by,
    may_read_followers,
    owned_by,
    popular_tags,
    ties_of,
)

FEED_KEEPS = timedelta(days=30)
FOLLOWERS_A_PAGE = 48


def channel_for(request: HttpRequest, slug: str, power: Power) -> Channel:
    """The channel, if the person holds `power` there; NotFound or NotAllowed otherwise."""
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    policies.require(request.user, power, channel)
    return channel


@require_safe
def page(request: HttpRequest, slug: str, tab: str = "page") -> HttpResponse:
    """What everybody sees of a channel; `tab` is page (live and upcoming), about or followers."""
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    if channel.slug != slug:
        return redirect(f"channels:{tab}", channel.slug, permanent=True)
    if asks_first(request, channel):
        return render(request, "streams/mature.html", {"channel": channel})
    people = None
    if tab == "followers":
        people = Paginator(followers_of(viewer=request.user, channel=channel), FOLLOWERS_A_PAGE)
    ties = ties_of(request.user, channel)
    context = {
        "channel": channel,
        "tab": tab,
        "people": people and people.get_page(request.GET.get("page")),
        "may_read_followers": may_read_followers(channel, ties.powers),
        "bell": ties.bell,
        "may_manage": Power.VIEW_DASHBOARD in ties.powers,
        "page_url": request.build_absolute_uri(channel.get_absolute_url()),
    }
    return render(request, "channels/page.html", context)


@require_safe
def feed(request: HttpRequest, slug: str) -> HttpResponse:
    """The schedule for calendars; they come again and again, and are told when nothing has changed."""
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    if channel.slug != slug:
        return redirect("channels:feed", channel.slug, permanent=True)
    # What is just over stays a while: a calendar forgets what a feed leaves out.
    plans = list(channel.schedule.coming(timezone.now() - FEED_KEEPS).select_related("category"))
    tag = calendar.feed_tag(channel, plans)
    response = get_conditional_response(request, etag=tag)
    if response is None:
        response = HttpResponse(calendar.feed(channel, plans), content_type="text/calendar; charset=utf-8")
        response["ETag"] = tag
        response["Content-Disposition"] = f'inline; filename="{channel.slug}.ics"'
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def watch_shortcut(request: HttpRequest, slug: str) -> HttpResponse:
    return redirect("streams:watch", slug)


@require_POST
@login_required
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    if request.POST.get("follow") == "no":
        services.unfollow_channel(actor=request.user, channel=channel)
    else:
        services.follow_channel(actor=request.user, channel=channel, bell=request.POST.get("bell"))
    return redirect(next_address(request, channel.get_absolute_url()))


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    context = {
        "owned": owned_by(user),
        "helped": helped_by(user),
        "invitations": RoleInvitation.objects.addressed_to(user),
    }
    return render(request, "channels/mine.html", context)


@login_required
def new(request: HttpRequest, is_first: bool = False) -> HttpResponse:
    form = NewChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            channel = services.create_channel(actor=request.user, **form.cleaned_data)
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, f"{channel.name} is yours. Here is what your encoder needs.")
            return redirect("streams:manager", channel.slug)
    return render(
        request, "channels/new.html", {"form": form, "is_first": is_first}, status=422 if form.errors else 200
    )


@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_CHANNEL)
    form = ChannelForm(request.POST or None, request.FILES or None, initial=ChannelForm.initial_of(channel))
    if request.method == "POST" and form.is_valid():
        try:
            channel = services.edit_channel(actor=request.user, channel=channel, **form.changes())
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("channels:settings", channel.slug)
    return _settings_page(request, channel, form, DeleteChannelForm())


@require_POST
@login_required
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    channel = channel_for(request, slug, Power.DELETE_CHANNEL)
    form = DeleteChannelForm(request.POST)
    if form.is_valid():
        require_recent_proof(request)
        try:
            services.delete_channel(actor=request.user, channel=channel, **form.cleaned_data)
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, f"{channel.name} is deleted.")
            return redirect("channels:mine")
    return _settings_page(request, channel, ChannelForm(initial=ChannelForm.initial_of(channel)), form)


def _settings_page(
    request: HttpRequest, channel: Channel, form: ChannelForm, deletion: DeleteChannelForm
) -> HttpResponse:
    """The settings with both of their forms; 422 when one of them was refused."""
    context = {
        "channel": channel,
        "form": form,
        "deletion": deletion,
        "tags": popular_tags(),
        "may_delete": policies.may(request.user, Power.DELETE_CHANNEL, channel),
    }
    refused = bool(form.errors or deletion.errors)
    return render(request, "channels/settings.html", context, status=422 if refused else 200)
