"""Accounts of other sites as a way in: signing up by one, linking and unlinking, and proving who one is."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.internal.flows import reauthentication as flow
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount import views
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.forms import SignupForm
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers import registry
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import URLPattern, reverse
from django.views.decorators.cache import never_cache

from apps.core.errors import Conflict

from .models import User
from .reauthentication import has_recent_proof, require_recent_proof

PLAIN = {"autocapitalize": "none", "spellcheck": "false"}


class SocialAdapter(DefaultSocialAccountAdapter):
    """Other sites say who somebody is there; whom we take them for here is ours to decide."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Who is signed in and comes back with an account that is linked already has proved who they are; who
        brings another one has to have done so before."""
        if sociallogin.state.get("process") != AuthProcess.CONNECT or not request.user.is_authenticated:
            return
        if sociallogin.is_existing and sociallogin.user == request.user:
            account = sociallogin.account
            record_authentication(
                request,
                request.user,
                "socialaccount",
                provider=account.provider,
                uid=account.uid,
                reauthenticated=True,
            )
        elif not has_recent_proof(request):
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("socialaccount_connections")))

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        try:
            with transaction.atomic():
                return super().save_user(request, sociallogin, form)
        except IntegrityError:  # somebody took the name or the address in this very moment
            raise Conflict("Something came in between. Try again.", code="TRY_AGAIN") from None


class SocialSignUpForm(SignupForm):
    """What the other site does not say: how one wants to be called here."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"].help_text = "3 to 25 letters, digits or underscores."
        self.fields["username"].widget.attrs.update(PLAIN)
        self.fields["email"].label = "Email address"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class ConnectionsView(views.ConnectionsView):
    """The page /auth/with/: accounts of other sites are linked and unlinked; the last way in stays."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return super().get_context_data(**more) | {"linked": _linked(self.request)}

    def get(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        require_recent_proof(request)  # before somebody goes elsewhere, and comes back to be asked
        return super().get(request, *args, **options)

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        require_recent_proof(request)
        with transaction.atomic():
            # Two at once would each see the other's way in.
            User.objects.select_for_update(no_key=True).get(pk=cast(User, request.user).pk)
            return super().post(request, *args, **options)


@never_cache
@login_required
def prove_elsewhere(request: HttpRequest) -> HttpResponse:
    """Who has neither a password nor a second factor here shows who they are by coming in again."""
    back = (
        f"{reverse('account_reauthenticated')}?{urlencode({'next': get_next_redirect_url(request) or '/'})}"
    )
    context = {"linked": _linked(request), "back": back}
    return render(request, "account/reauthenticate_elsewhere.html", context)


@never_cache
@login_required
def proved(request: HttpRequest) -> HttpResponse:
    """From there on with what they were doing."""
    if not has_recent_proof(request):
        return redirect("account_reauthenticate_elsewhere")
    return flow.resume_request(request) or redirect(get_next_redirect_url(request) or "/")


def addresses() -> list[URLPattern]:
    """Of each site: where the way to it begins, and where it ends."""
    return [pattern for provider in registry.get_class_list() for pattern in default_urlpatterns(provider)]


def _linked(request: HttpRequest) -> list[SocialAccount]:
    """The accounts of other sites that are linked to this one, of those sites that are there now."""
    providers = {each.id: each for each in get_adapter(request).list_providers(request)}
    accounts = SocialAccount.objects.filter(user_id=request.user.pk, provider__in=providers).order_by("pk")
    for account in accounts:
        account.site = providers[account.provider]
        account.called = account.extra_data.get("login") or account.extra_data.get("email") or account.uid
    return list(accounts)
