"""Pages on which a channel's crew plans broadcasts, and the feed for everybody's calendar."""

from __future__ import annotations

import uuid
from datetime import date
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.accounts.models import User
from apps.core.errors import DomainError, Invalid
from apps.core.forms import take_refusal

from . import services
from .roles import Power
from .schedule_forms import ScheduledForm
from .selectors import find_scheduled, upcoming
from .views import channel_for

# So many days of what is planned can be called off one by one.
SHOWN = 24


@login_required
def schedule(request: HttpRequest, slug: str) -> HttpResponse:
    """What is planned; what is posted is planned, too."""
    channel = channel_for(request, slug, Power.EDIT_SCHEDULE)
    form = ScheduledForm(request.POST or None, initial={"time_zone": cast(User, request.user).time_zone})
    if request.method == "POST" and form.is_valid():
        try:
            planned = services.schedule_broadcast(actor=request.user, channel=channel, **form.cleaned_data)
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, f"“{planned.title}” is planned.")
            return redirect("channels:schedule", channel.slug)
    now = timezone.now()
    context = {
        "channel": channel,
        "form": form,
        "plans": channel.schedule.coming(now).select_related("category"),
        "days": upcoming(channel, now, most=SHOWN, each=8),
    }
    return render(request, "channels/schedule.html", context, status=422 if form.errors else 200)


@login_required
def scheduled(request: HttpRequest, slug: str, scheduled: uuid.UUID) -> HttpResponse:
    """One that is planned, to be changed."""
    channel = channel_for(request, slug, Power.EDIT_SCHEDULE)
    found = find_scheduled(channel=channel, scheduled_id=scheduled)
    form = ScheduledForm(request.POST or None, initial=ScheduledForm.initial_of(found))
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_scheduled(actor=request.user, scheduled=found, **form.cleaned_data)
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("channels:schedule", channel.slug)
    context = {"channel": channel, "scheduled": found, "form": form}
    return render(request, "channels/scheduled.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def unschedule(request: HttpRequest, slug: str, scheduled: uuid.UUID) -> HttpResponse:
    channel = channel_for(request, slug, Power.EDIT_SCHEDULE)
    found = find_scheduled(channel=channel, scheduled_id=scheduled)
    services.unschedule_broadcast(actor=request.user, scheduled=found)
    messages.success(request, f"“{found.title}” is not planned any more.")
    return redirect("channels:schedule", channel.slug)


@require_POST
@login_required
def mark_day(request: HttpRequest, slug: str, scheduled: uuid.UUID) -> HttpResponse:
    """Call off the posted day of it (`on`), or with `cancelled=no` call it on again."""
    channel = channel_for(request, slug, Power.EDIT_SCHEDULE)
    found = find_scheduled(channel=channel, scheduled_id=scheduled)
    is_on = request.POST.get("cancelled") == "no"
    verb = services.restore_occurrence if is_on else services.cancel_occurrence
    verb(actor=request.user, scheduled=found, on=_posted_day(request))
    messages.success(request, "It takes place." if is_on else "This day is called off.")
    return redirect("channels:schedule", channel.slug)


def _posted_day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.POST.get("on", ""))
    except ValueError:
        raise Invalid.field("on", "Write the day as 2027-03-28.") from None
