"""The moderators' desk: what waits for a decision, and the frame around all of its pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import tickets
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.views import channel_for
from apps.core.errors import DomainError, NotFound, SignInNeeded
from apps.core.forms import next_address
from apps.moderation import services
from apps.moderation.models import Report, UnbanRequest

SHOWN = 50


@require_safe
@never_cache
@login_required
def waiting(request: HttpRequest, slug: str) -> HttpResponse:
    """Reports and pleas without an answer, the oldest first; held messages come with the page."""
    channel = desk_of(request, slug)
    reports = Report.objects.open().shown_to(request.user).filter(channel=channel)
    pleas = UnbanRequest.objects.waiting().shown_to(request.user).filter(sanction__channel=channel)
    context = {
        "reports": reports.select_related("reporter", "subject_user").order_by("id")[:SHOWN],
        "pleas": pleas.select_related("sanction__user", "sanction__created_by").order_by("id")[:SHOWN],
    }
    return draw(request, channel, "moderation/waiting.html", "waiting", context)


@require_POST
@login_required
def answer_report(request: HttpRequest, slug: str, report: uuid.UUID) -> HttpResponse:
    channel = desk_of(request, slug)
    found = Report.objects.for_moderators().filter(channel=channel, pk=report).first()
    if found is None:
        raise NotFound("There is no such report.", code="REPORT_NOT_FOUND")

    def deed() -> str:
        typed = typed_in(request, "answer", "words")
        services.answer_report(actor=request.user, report=found, **typed)
        return "The report is answered."

    return carry_out(request, deed, back=reverse("moderation:desk", args=[channel.slug]))


@require_POST
@login_required
def answer_plea(request: HttpRequest, slug: str, plea: uuid.UUID) -> HttpResponse:
    channel = desk_of(request, slug)
    pleas = UnbanRequest.objects.select_related("sanction__channel", "sanction__user")
    found = pleas.filter(sanction__channel=channel, pk=plea).first()
    if found is None:
        raise NotFound("There is no such request.", code="REQUEST_NOT_FOUND")

    def deed() -> str:
        typed = typed_in(request, "answer", "public_note", "private_note")
        answered = services.answer_unban_request(actor=request.user, request=found, **typed)
        person = answered.sanction.user.name
        is_in = answered.state == UnbanRequest.State.GRANTED
        return f"{person} is back in." if is_in else f"{person} stays banned."

    return carry_out(request, deed, back=reverse("moderation:desk", args=[channel.slug]))


def desk_of(request: HttpRequest, slug: str) -> Channel:
    """The channel whose desk the person may sit at; NotFound or NotAllowed otherwise."""
    return channel_for(request, slug, Power.VIEW_MODERATION)


def draw(
    request: HttpRequest,
    channel: Channel,
    template: str,
    here: str,
    context: dict[str, Any],
    *,
    is_refused: bool = False,
) -> HttpResponse:
    """One page of the desk; 422 when what was typed on it was refused."""
    ticket = tickets.for_page(request)
    frame = {"channel": channel, "here": here, "ticket": ticket}
    return render(request, template, frame | context, status=422 if is_refused else 200)


def carry_out(request: HttpRequest, deed: Callable[[], str], *, back: str) -> HttpResponse:
    """Do it and tell what `deed` answers, or why not; then on to where the form wants, else `back`."""
    try:
        messages.success(request, deed())
    except (NotFound, SignInNeeded):
        raise
    except DomainError as refusal:
        messages.error(request, refusal.message)
    return redirect(next_address(request, back))


def typed_in(request: HttpRequest, *names: str) -> dict[str, str]:
    """What was posted under these names, for a verb to judge."""
    return {name: request.POST.get(name, "") for name in names}
