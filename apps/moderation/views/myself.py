"""The person's side of moderation: where one stands, asking to be unbanned, warnings, reports."""

from __future__ import annotations

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.accounts.models import User
from apps.accounts.selectors import find_person
from apps.channels.models import Channel
from apps.channels.selectors import find_channel
from apps.core.errors import DomainError
from apps.core.forms import take_refusal
from apps.moderation import selectors, services
from apps.moderation.forms import ReportForm, UnbanRequestForm
from apps.moderation.models import Report, Sanction, UnbanRequest

from .desk import carry_out


@never_cache
@login_required
def standing(request: HttpRequest, slug: str) -> HttpResponse:
    """What stands between the person and this chat; a text that is posted asks to be unbanned, once a ban."""
    channel, user = find_channel(viewer=request.user, slug_or_id=slug), cast(User, request.user)
    form = UnbanRequestForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            services.request_unban(actor=user, channel=channel, text=form.cleaned_data["text"])
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, "Your request is with the moderators.")
            return redirect("moderation:standing", channel.slug)
    stands = selectors.standing_of([user.pk], channel).get(user.pk)
    warning_id = stands.warning_id if stands else None
    context = {
        "channel": channel,
        "standing": stands,
        "warning": Sanction.objects.filter(pk=warning_id).first() if warning_id else None,
        "plea": _latest_plea(user, channel, is_banned=stands is not None and stands.banned),
        "form": form,
    }
    return render(request, "moderation/standing.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def acknowledge(request: HttpRequest, slug: str, warning: uuid.UUID) -> HttpResponse:
    channel = find_channel(viewer=request.user, slug_or_id=slug)

    def deed() -> str:
        services.acknowledge_warning(actor=request.user, channel=channel, warning_id=warning)
        return "Thank you. You can write again."

    return carry_out(request, deed, back=reverse("moderation:standing", args=[channel.slug]))


@login_required
def report(
    request: HttpRequest, slug: str, kind: str = Report.Kind.CHANNEL, subject: uuid.UUID | None = None
) -> HttpResponse:
    """Ask for a look at the channel, or at a person or message in it."""
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            services.report(
                actor=request.user,
                kind=kind,
                subject_id=subject or channel.pk,
                channel=channel,
                **form.cleaned_data,
            )
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            who = "Our staff" if kind == Report.Kind.CHANNEL else "A moderator"
            messages.success(request, f"Thank you. {who} will look at it.")
            return redirect("streams:watch", channel.slug)
    context = {
        "channel": channel,
        "kind": kind,
        "person": find_person(str(subject)) if kind == Report.Kind.PERSON else None,
        "form": form,
    }
    return render(request, "moderation/report.html", context, status=422 if form.errors else 200)


def _latest_plea(user: User, channel: Channel, *, is_banned: bool) -> UnbanRequest | None:
    """The plea against the ban that stands; without one, the last that was answered."""
    pleas = UnbanRequest.objects.filter(sanction__user=user, sanction__channel=channel)
    if is_banned:
        pleas = pleas.filter(sanction__kind=Sanction.Kind.BAN, sanction__lifted_at=None)
    return pleas.first()
