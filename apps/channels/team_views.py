"""Pages of a channel's team, and the answers of those who are invited."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from apps.accounts.selectors import find_person
from apps.core.errors import Conflict, DomainError
from apps.core.forms import take_refusal

from . import policies, services
from .forms import InvitationForm
from .models import Channel, RoleInvitation
from .roles import Power, Role, power_to_give
from .selectors import find_channel, open_invitations, team_of
from .views import channel_for


@login_required
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """Who helps here; a username and a role that are posted become an invitation."""
    channel = channel_for(request, slug, Power.GIVE_VIP)
    roles = _given_by(request, channel)
    form = InvitationForm(roles, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sent = services.invite_helper(actor=request.user, channel=channel, **form.cleaned_data)
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, f"{sent.user.name} is invited as {sent.get_role_display()}.")
            return redirect("channels:team", channel.slug)
    helpers = list(team_of(viewer=request.user, channel=channel))
    context = {
        "channel": channel,
        "form": form,
        "given": roles,
        "invitations": open_invitations(viewer=request.user, channel=channel),
        "groups": [(role, [each for each in helpers if each.role == role]) for role in Role],
        "is_alone": not helpers,
    }
    return render(request, "channels/team.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str, person: uuid.UUID) -> HttpResponse:
    channel = channel_for(request, slug, Power.GIVE_VIP)
    helper = find_person(str(person))
    services.remove_helper(actor=request.user, channel=channel, user=helper)
    messages.success(request, f"{helper.name} is not in the team any more.")
    return redirect("channels:team", channel.slug)


@require_POST
@login_required
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    services.leave_team(actor=request.user, channel=channel)
    messages.success(request, f"You have left the team of {channel.name}.")
    return redirect("channels:mine")


@require_POST
@login_required
def answer(request: HttpRequest, invitation: uuid.UUID) -> HttpResponse:
    accept = request.POST.get("answer") == "accept"
    try:
        answered = services.answer_invitation(actor=request.user, invitation_id=invitation, accept=accept)
    except Conflict as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _answered(answered))
    return redirect("channels:mine")


@require_POST
@login_required
def withdraw(request: HttpRequest, slug: str, invitation: uuid.UUID) -> HttpResponse:
    channel = channel_for(request, slug, Power.GIVE_VIP)
    try:
        services.withdraw_invitation(actor=request.user, invitation_id=invitation)
    except Conflict as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "The invitation is withdrawn.")
    return redirect("channels:team", channel.slug)


def _answered(invitation: RoleInvitation) -> str:
    if invitation.state == RoleInvitation.State.ACCEPTED:
        return f"You are {invitation.get_role_display()} of {invitation.channel.name} now."
    return f"You have declined to help {invitation.channel.name}."


def _given_by(request: HttpRequest, channel: Channel) -> list[Role]:
    """The roles that the person can give and take in this channel."""
    powers = policies.powers_of(request.user, channel)
    return [role for role in Role if role is not Role.OWNER and power_to_give(role) in powers]
