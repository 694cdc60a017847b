"""The log of what was done in a channel, and taking it back."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.core.errors import DomainError
from apps.core.forms import next_address, take_refusal
from apps.moderation import logbook, selectors
from apps.moderation.forms import LogFilterForm, UndoSinceForm
from apps.moderation.undo import Undone, undo_action, undo_everything

from .desk import carry_out, desk_of, draw

A_PAGE = 50


@require_safe
@never_cache
@login_required
def log(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that moderators, creators and rules did, the newest first; by whom, to whom and what.

    With `?from=` an entry everything by who did it, since then, is about to be undone.
    """
    channel = desk_of(request, slug)
    return _log(request, channel, UndoSinceForm(initial=_undo_from(channel, request.GET.get("from", ""))))


@require_POST
@login_required
def undo(request: HttpRequest, slug: str, entry: uuid.UUID) -> HttpResponse:
    channel = desk_of(request, slug)

    def deed() -> str:
        undo_action(actor=request.user, channel=channel, entry_id=entry)
        return "It is undone."

    return carry_out(request, deed, back=reverse("moderation:log", args=[channel.slug]))


@require_POST
@login_required
def undo_since(request: HttpRequest, slug: str) -> HttpResponse:
    """Take back all that somebody did here since a moment."""
    channel = desk_of(request, slug)
    form = UndoSinceForm(request.POST)
    if not form.is_valid():
        return _log(request, channel, form)
    person, since = form.cleaned_data["username"], form.cleaned_data["since"]
    try:
        outcome = undo_everything(actor=request.user, channel=channel, by_user=person, since=since)
    except DomainError as refusal:
        take_refusal(form, refusal)
        return _log(request, channel, form)
    _tell(request, person.name, outcome)
    return redirect(next_address(request, reverse("moderation:log", args=[channel.slug])))


def _log(request: HttpRequest, channel: Channel, undoing: UndoSinceForm) -> HttpResponse:
    entries = selectors.log_of(channel)
    actions = list(entries.order_by().values_list("action", flat=True).distinct())
    form = LogFilterForm(actions, request.GET)
    if form.is_valid():
        asked = form.cleaned_data
        if asked["by"]:
            entries = entries.filter(actor_id=asked["by"].pk)
        if asked["about"]:
            entries = entries.filter(subject_id=str(asked["about"].pk))
        if asked["action"]:
            entries = entries.filter(action=asked["action"])
    else:
        entries = entries.none()
    page = Paginator(entries, A_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "undoing": undoing, "page": page, "lines": logbook.lines(page)}
    return draw(request, channel, "moderation/log.html", "log", context, is_refused=bool(undoing.errors))


def _undo_from(channel: Channel, entry_id: str) -> dict[str, Any]:
    """Who did this entry's deed, and when; nothing when there is no such entry."""
    try:
        entry = selectors.log_of(channel).filter(pk=uuid.UUID(entry_id)).first()
    except ValueError:
        return {}
    actor = User.objects.filter(pk=entry.actor_id).first() if entry and entry.actor_id else None
    return {"username": actor.username, "since": entry.created_at} if entry and actor else {}


def _tell(request: HttpRequest, name: str, outcome: Undone) -> None:
    """How many deeds were undone, and of the others why not."""
    count = len(outcome.done)
    if count:
        messages.success(request, f"{count} deed{'' if count == 1 else 's'} of {name} undone.")
    elif not outcome.refused:
        messages.info(request, f"{name} did nothing since then that can be undone.")
    for entry, refusal in outcome.refused[:5]:
        messages.warning(request, f"Not undone: {logbook.deed_words(entry.action)}. {refusal.message}")
    if len(outcome.refused) > 5:
        messages.warning(request, f"{len(outcome.refused) - 5} more could not be undone.")
