"""A person's own pages: the welcome after signing up, and their settings."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings as site
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language_from_request
from django.views.decorators.http import require_POST, require_safe

from apps.core.errors import DomainError
from apps.core.forms import next_address, take_refusal

from . import services
from .forms import BlockForm, OnboardingForm, PrivacyForm, SettingsForm
from .models import Block, User
from .selectors import find_person, named_person

YEAR = 365 * 24 * 3600
BLOCKS_A_PAGE = 50


@login_required
def onboarding(request: HttpRequest) -> HttpResponse:
    """The welcome; who came from somewhere (`next`) goes back there, others on to a channel of their own."""
    user = cast(User, request.user)
    if user.is_onboarded:
        return redirect("channels:new")
    known = {"username": user.username, "display_name": user.display_name or user.username}
    form = OnboardingForm(request.POST or None, request.FILES or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            services.onboard(actor=user, **(_guesses(request) | form.introduction()))
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            return redirect(next_address(request, reverse("channels:first")))
    return render(request, "accounts/onboarding.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@login_required
def skip_onboarding(request: HttpRequest) -> HttpResponse:
    services.skip_onboarding(actor=request.user, **_guesses(request))
    return redirect(next_address(request, reverse("discovery:home")))


def _guesses(request: HttpRequest) -> dict[str, Any]:
    """What the browser says about where its person lives and what they speak."""
    offered = get_language_from_request(request)
    return {"language": offered, "time_zone": request.POST.get("time_zone", "")[:64]}


@require_safe
def profile_editor(request: HttpRequest) -> HttpResponse:
    """Who looks for the editor among the dashboard's pages finds it."""
    return redirect("people:settings")


@login_required
def settings(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = SettingsForm(request.POST or None, request.FILES or None, initial=SettingsForm.initial_of(user))
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_profile(actor=user, **form.changes())
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("people:settings")
    return render(request, "accounts/settings.html", {"form": form}, status=422 if form.errors else 200)


@login_required
def privacy(request: HttpRequest) -> HttpResponse:
    """Who sees the person's profile, and that they are there."""
    user = cast(User, request.user)
    now = {"privacy": user.privacy, "shows_online": user.shows_online}
    form = PrivacyForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        services.edit_profile(actor=user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("people:privacy")
    return render(request, "accounts/privacy.html", {"form": form}, status=422 if form.errors else 200)


@login_required
def blocks(request: HttpRequest) -> HttpResponse:
    """Whom the person blocks; a username that is posted joins them."""
    form = BlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = named_person(form.cleaned_data["username"])
            services.block_person(actor=request.user, person=person)
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            messages.success(request, f"You block {person.name} now.")
            return redirect("people:blocks")
    mine = Block.objects.made_by(cast(User, request.user))
    page = Paginator(mine, BLOCKS_A_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page}
    return render(request, "accounts/blocks.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def unblock(request: HttpRequest, person: str) -> HttpResponse:
    found = find_person(person)
    services.unblock_person(actor=request.user, person=found)
    messages.success(request, f"You don't block {found.name} any more.")
    return redirect("people:blocks")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Dark, light or the device's own: kept with the person, and in the browser of a visitor."""
    response = redirect(next_address(request, "/"))
    chosen = request.POST.get("theme", "")
    if chosen not in User.Theme.values:
        return response
    if request.user.is_authenticated:
        services.edit_profile(actor=request.user, theme=chosen)
    response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=site.SESSION_COOKIE_SECURE)
    return response
