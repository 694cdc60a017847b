"""The room's part of the moderators' desk: held messages, modes, shield, automatic rules and their trial."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.selectors import find_person
from apps.channels.models import Channel
from apps.chat import review, services
from apps.chat.models import ChatRoom, HeldMessage
from apps.core.errors import DomainError, NotFound
from apps.core.forms import take_refusal
from apps.moderation import services as moderation
from apps.moderation.automod import DEFAULTS, Kind, Rule
from apps.moderation.rule_forms import RuleForm
from apps.moderation.selectors import rules_of
from apps.moderation.views.desk import carry_out, desk_of, draw

from .forms import ModesForm


@require_POST
@login_required
def answer_held(request: HttpRequest, slug: str, held: uuid.UUID) -> HttpResponse:
    """Approve a held message, or with any other answer reject it."""
    channel = desk_of(request, slug)
    if not HeldMessage.objects.filter(pk=held, room=channel.pk).exists():
        raise NotFound("There is no such held message.", code="HELD_NOT_FOUND")

    def deed() -> str:
        if request.POST.get("answer") == "approve":
            services.approve_held(actor=request.user, held_id=held)
            return "The message is in the chat."
        services.reject_held(actor=request.user, held_id=held)
        return "The message stays out."

    return carry_out(request, deed, back=reverse("moderation:desk", args=[channel.slug]))


@require_POST
@login_required
def purge(request: HttpRequest, slug: str, person: uuid.UUID) -> HttpResponse:
    channel, found = desk_of(request, slug), find_person(str(person))

    def deed() -> str:
        count = services.purge_person(actor=request.user, channel=channel, user=found)
        return f"{count} message{'' if count == 1 else 's'} of {found.name} removed."

    return carry_out(request, deed, back=reverse("moderation:person", args=[channel.slug, found.pk]))


@require_POST
@login_required
def clear(request: HttpRequest, slug: str) -> HttpResponse:
    channel = desk_of(request, slug)

    def deed() -> str:
        count = services.clear_room(actor=request.user, channel=channel)
        return f"The chat is cleared: {count} message{'' if count == 1 else 's'} removed."

    return carry_out(request, deed, back=reverse("desk:rules", args=[channel.slug]))


@require_safe
@never_cache
@login_required
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """All that decides about a message before anybody sees it."""
    return _rules(request, desk_of(request, slug))


@require_POST
@login_required
def save_modes(request: HttpRequest, slug: str) -> HttpResponse:
    channel = desk_of(request, slug)
    form = ModesForm(request.POST)
    if not form.is_valid():
        return _rules(request, channel, modes=form)
    try:
        services.edit_modes(actor=request.user, channel=channel, **form.changes())
    except DomainError as refusal:
        take_refusal(form, refusal)
        return _rules(request, channel, modes=form)
    messages.success(request, "Saved.")
    return redirect("desk:rules", channel.slug)


@require_POST
@login_required
def shield(request: HttpRequest, slug: str) -> HttpResponse:
    """Raise the shield, or with `on=no` lower it."""
    channel = desk_of(request, slug)

    def deed() -> str:
        if request.POST.get("on") == "no":
            services.lower_shield(actor=request.user, channel=channel)
            return "The shield is down. Everything is as it was before."
        services.raise_shield(actor=request.user, channel=channel)
        return "The shield is up."

    return carry_out(request, deed, back=reverse("desk:rules", args=[channel.slug]))


@require_POST
@login_required
def save_rule(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Save a rule, try it on what was said, or let it go: the button that was pressed says which."""
    channel = desk_of(request, slug)
    form = _form_of(request, channel, kind)
    deed = request.POST.get("deed", "")
    try:
        if deed == "remove":
            moderation.remove_rule(actor=request.user, channel=channel, kind=kind, label=form.rule.label)
            messages.success(request, "The list is gone." if form.rule.label else "As it was by default.")
            return redirect("desk:rules", channel.slug)
        if not form.is_valid():
            return _rules(request, channel, rule=form)
        if deed == "try":
            outcome = review.dry_run(actor=request.user, channel=channel, rule=form.changes())
            return _rules(request, channel, rule=form, outcome=outcome)
        saved = moderation.edit_rule(actor=request.user, channel=channel, **form.changes())
    except DomainError as refusal:
        form.take_rule_refusal(refusal.fields, refusal.message)
        return _rules(request, channel, rule=form)
    messages.success(request, "Saved. It counts from the next message on.")
    opened = urlencode({"open": RuleForm(saved).anchor})
    return redirect(f"{reverse('desk:rules', args=[channel.slug])}?{opened}")


def _form_of(request: HttpRequest, channel: Channel, kind: str) -> RuleForm:
    """The rule that was posted: one of the channel's, or a new list of words."""
    if request.POST.get("new") == "yes" and kind == Kind.TERMS:
        return RuleForm(_new_list(), request.POST, is_new=True)
    label = request.POST.get("rule", "")
    for rule in rules_of(channel):
        if (rule.kind, rule.label) == (kind, label):
            return RuleForm(rule, request.POST)
    raise NotFound("There is no such rule. Somebody may have removed it.", code="RULE_NOT_FOUND")


def _new_list() -> Rule:
    return replace(DEFAULTS[Kind.TERMS], is_on=True)


def _rules(
    request: HttpRequest,
    channel: Channel,
    *,
    modes: ModesForm | None = None,
    rule: RuleForm | None = None,
    outcome: review.DryRun | None = None,
) -> HttpResponse:
    """The page of rules; a form that was refused or tried stands in its place, open."""
    room = ChatRoom.objects.filter(channel=channel).first() or ChatRoom(channel=channel)
    forms = [RuleForm(each) for each in rules_of(channel)]
    forms.append(RuleForm(_new_list(), is_new=True))
    if rule is not None:
        forms = [rule if each.anchor == rule.anchor else each for each in forms]
    context: dict[str, Any] = {
        "room": room,
        "modes": modes or ModesForm.of(room),
        "rules": forms,
        "opened": rule.anchor if rule is not None else request.GET.get("open", ""),
        "outcome": outcome,
    }
    refused = [form for form in (modes, rule) if form is not None and form.errors]
    return draw(request, channel, "moderation/rules.html", "rules", context, is_refused=bool(refused))
