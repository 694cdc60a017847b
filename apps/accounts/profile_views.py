"""A person's page as others see it, and the small card of it beside their name."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.core.forms import next_address

from . import services
from .models import User
from .profiles import Profile, find_profile, followed_by, followers_of, friends_of

PEOPLE_A_PAGE = 48
LISTS: dict[str, Callable[[Profile], QuerySet[User]]] = {
    "followers": followers_of,
    "following": followed_by,
    "friends": friends_of,
}


@require_safe
def profile(request: HttpRequest, person: str, tab: str = "channels") -> HttpResponse:
    """The person and, by tab, their channels or one of the lists of people."""
    found = find_profile(viewer=request.user, username_or_id=person)
    if found.person.username != person:
        return redirect("people:profile", found.person.username)
    people = LISTS[tab](found) if tab in LISTS else None
    context = {
        "profile": found,
        "tab": tab,
        "page": people and Paginator(people, PEOPLE_A_PAGE).get_page(request.GET.get("page")),
        "page_url": request.build_absolute_uri(found.person.get_absolute_url()),
    }
    return render(request, "accounts/profile.html", context)


@require_safe
def card(request: HttpRequest, person: str) -> HttpResponse:
    """What is worth knowing of a person beside their name: a fragment."""
    found = find_profile(viewer=request.user, username_or_id=person)
    response = render(request, "accounts/_card.html", {"profile": found})
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
@login_required
def follow(request: HttpRequest, person: str) -> HttpResponse:
    found = find_profile(viewer=request.user, username_or_id=person).person
    verb = services.unfollow_person if request.POST.get("follow") == "no" else services.follow_person
    verb(actor=request.user, person=found)
    return redirect(next_address(request, found.get_absolute_url()))
