"""People as moderators see them: found by name, their cards, and who is kept out."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.selectors import find_person
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core.errors import DomainError, NotFound
from apps.core.forms import take_refusal
from apps.moderation import logbook, selectors, services
from apps.moderation.forms import TIMEOUTS, NoteForm, SanctionForm
from apps.moderation.models import PersonNote, Report, Sanction

from .desk import carry_out, desk_of, draw

FOUND_MOST = 20
LATEST = 200
A_PAGE = 50
LINES = 20


@require_safe
@never_cache
@login_required
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Whose name begins like what is typed; without a word those who were moderated last."""
    channel = desk_of(request, slug)
    typed = request.GET.get("q", "").strip().removeprefix("@")[:40]
    found = _named_like(typed) if typed else _moderated_last(channel)
    ids = [person.pk for person in found]
    standings, roles = selectors.standing_of(ids, channel), policies.roles_of(ids, channel)
    context = {
        "typed": typed,
        "found": [(person, roles.get(person.pk), standings.get(person.pk)) for person in found],
    }
    return draw(request, channel, "moderation/people.html", "people", context)


@require_safe
@never_cache
@login_required
def person(request: HttpRequest, slug: str, person: uuid.UUID) -> HttpResponse:
    channel, found = desk_of(request, slug), find_person(str(person))
    return _card(request, channel, found)


@require_POST
@login_required
def sanction(request: HttpRequest, slug: str, person: uuid.UUID) -> HttpResponse:
    """Warn, time out or ban: the button that was pressed says which."""
    channel, found = desk_of(request, slug), find_person(str(person))
    form = SanctionForm(request.POST)
    if form.is_valid():
        whom: dict[str, Any] = {"actor": request.user, "channel": channel, "user": found}
        deed, reason = form.cleaned_data["deed"], form.cleaned_data["reason"]
        try:
            if deed == "warn":
                services.warn(**whom, reason=reason)
                said = f"{found.name} is warned."
            elif deed == "ban":
                services.ban(**whom, reason=reason)
                said = f"{found.name} is banned."
            else:
                services.time_out(**whom, seconds=int(deed), reason=reason)
                said = f"{found.name} is timed out for {dict(TIMEOUTS)[int(deed)]}."
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, said)
            return redirect("moderation:person", channel.slug, found.pk)
    return _card(request, channel, found, sanction=form)


@require_POST
@login_required
def lift(request: HttpRequest, slug: str, person: uuid.UUID) -> HttpResponse:
    channel, found = desk_of(request, slug), find_person(str(person))

    def deed() -> str:
        services.lift_sanction(actor=request.user, channel=channel, user=found)
        return f"{found.name} is back in."

    return carry_out(request, deed, back=reverse("moderation:person", args=[channel.slug, found.pk]))


@require_POST
@login_required
def write_note(request: HttpRequest, slug: str, person: uuid.UUID) -> HttpResponse:
    channel, found = desk_of(request, slug), find_person(str(person))
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            services.write_note(
                actor=request.user, channel=channel, user=found, text=form.cleaned_data["text"]
            )
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, "The note is kept.")
            return redirect("moderation:person", channel.slug, found.pk)
    return _card(request, channel, found, note=form)


@require_POST
@login_required
def delete_note(request: HttpRequest, slug: str, note: uuid.UUID) -> HttpResponse:
    channel = desk_of(request, slug)
    found = (
        PersonNote.objects.shown_to(request.user)
        .select_related("channel")
        .filter(channel=channel, pk=note)
        .first()
    )
    if found is None:
        raise NotFound("There is no such note.", code="NOTE_NOT_FOUND")

    def deed() -> str:
        services.delete_note(actor=request.user, note=found)
        return "The note is deleted."

    return carry_out(request, deed, back=reverse("moderation:person", args=[channel.slug, found.user_id]))


@require_safe
@never_cache
@login_required
def banned(request: HttpRequest, slug: str) -> HttpResponse:
    """Bans and time-outs that stand, the newest first."""
    channel = desk_of(request, slug)
    standing = Sanction.objects.filter(channel=channel).standing(timezone.now())
    page = Paginator(standing.select_related("user", "created_by"), A_PAGE).get_page(request.GET.get("page"))
    return draw(request, channel, "moderation/banned.html", "banned", {"page": page})


def _card(
    request: HttpRequest,
    channel: Channel,
    found: User,
    *,
    sanction: SanctionForm | None = None,
    note: NoteForm | None = None,
) -> HttpResponse:
    """The person's card, with a form that was refused as it was typed."""
    about = selectors.log_of(channel).filter(subject_id=str(found.pk))
    shown: list[forms.Form | None] = [sanction, note]
    card = selectors.person_card(channel, found, viewer=request.user)
    reports = Report.objects.shown_to(request.user).filter(channel=channel, subject_user=found)
    context = {
        "person": found,
        "card": card,
        "lines": logbook.lines(about[:LINES]),
        "pleas": card.pleas[:LINES],
        "reports": reports.select_related("reporter", "answered_by")[:LINES],
        "sanction": sanction or SanctionForm(),
        "note": note or NoteForm(),
        "timeouts": TIMEOUTS,
        "beyond": _beyond_reach(request, channel, card),
    }
    return draw(
        request,
        channel,
        "moderation/person.html",
        "people",
        context,
        is_refused=any(form is not None and form.errors for form in shown),
    )


def _beyond_reach(request: HttpRequest, channel: Channel, card: selectors.PersonCard) -> str:
    """Why the one who looks can do nothing to this person, "" when they can."""
    try:
        policies.require_over_role(request.user, Power.BAN, card.user, card.role, channel)
    except DomainError as refusal:
        return refusal.message
    return ""


def _named_like(typed: str) -> list[User]:
    named = Q(username__istartswith=typed) | Q(display_name__istartswith=typed)
    return list(User.objects.filter(named, is_active=True).order_by("username")[:FOUND_MOST])


def _moderated_last(channel: Channel) -> list[User]:
    latest = Sanction.objects.filter(channel=channel).select_related("user")[:LATEST]
    return list({row.user_id: row.user for row in latest}.values())[:FOUND_MOST]
