"""Step-up: what can't be taken back takes a proof of who acts that is not older than a quarter of an hour.

Signing in is such a proof; later ones are django-allauth's pages (password, second factor, passkey) and
POST /api/auth/reauthenticate. They count for the session that they were given in, and for no other.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import reauthentication as flow
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.core import ratelimit
from allauth.mfa.base.forms import AuthenticateForm
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.core.errors import DomainError, Invalid, NotAllowed, SignInNeeded, TooMany

from .models import User
from .sessions import SignIn, sign_in_of

View = Callable[..., HttpResponse]
LOCKOUT = 300  # seconds, of the limit on wrong passwords for one account


class ProofNeeded(NotAllowed):
    """The deed is the person's to do, once they have shown again who they are."""

    code = "REAUTHENTICATION_REQUIRED"

    def __init__(self) -> None:
        super().__init__(
            "Confirm that it is you: sign in anew, or give your password or a code, and try again."
        )


def require_recent_proof(request: Any) -> None:
    """Raise ProofNeeded unless whoever sent this request (of a page or the API) has shown who they are within
    the last ACCOUNT_REAUTHENTICATION_TIMEOUT seconds, SignInNeeded for nobody."""
    if not request.user.is_authenticated:
        raise SignInNeeded("Sign in first.")
    if not has_recent_proof(request):
        raise ProofNeeded


def has_recent_proof(request: Any) -> bool:
    sign_in = sign_in_of(request)
    return (
        sign_in is not None
        and time.time() - _proven_at(sign_in, request) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    )


def recent_proof_required(view: View) -> View:
    """A page that asks for a recent proof first."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        require_recent_proof(request)
        return view(request, *args, **kwargs)

    return guarded


def detour(request: HttpRequest) -> HttpResponse:
    """To the page where the person shows who they are, and from there back to what they were doing: a form
    that they have sent is carried out then, unless there are passwords in it, which are not kept for it."""
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    if not methods:  # nothing to show but the way into their mailbox
        return HttpResponseRedirect(reverse("account_reset_password"))
    if any("password" in name for name in request.POST):
        return HttpResponseRedirect(f"{methods[0]['url']}?{urlencode({'next': request.get_full_path()})}")
    return flow.suspend_request(request, methods[0]["url"])


def prove(request: Any, *, password: str, code: str) -> None:
    """Take a password, or a code of the second factor, as the proof of the session of this API call.

    Raises Invalid without either, SignInNeeded (WRONG_PASSWORD, WRONG_CODE), TooMany past the limit.
    """
    sign_in = sign_in_of(request)
    if sign_in is None:
        raise SignInNeeded("Sign in first.")
    if not ratelimit.consume(request, action="reauthenticate", user=request.user):
        raise TooMany("Too many attempts. Wait a minute.", retry_after=60)
    if code:
        _check_code(request.user, code)
    elif not password:
        raise Invalid.field("password", "Send your password, or a code of your second factor.")
    elif not request.user.check_password(password):
        raise _wrong("password", "This is not your password.")
    _remember(sign_in, request.user, "mfa" if code else "password")


def _check_code(user: User, code: str) -> None:
    form = AuthenticateForm({"code": code}, user=user)
    if form.is_valid():
        form.authenticator.record_usage()
        return
    reason = str(form.errors["code"][0])
    if form.has_error("code", "too_many_login_attempts"):
        raise TooMany(reason, code="TOO_MANY_LOGIN_ATTEMPTS", retry_after=LOCKOUT)
    raise _wrong("code", reason)


def _wrong(field: str, reason: str) -> DomainError:
    return SignInNeeded(reason, code=f"WRONG_{field.upper()}", fields={field: [reason]})


def _remember(sign_in: SignIn, user: User, method: str) -> None:
    with transaction.atomic():
        # The same row holds which refresh token is good: two calls at once must not write over each other.
        Session.objects.select_for_update().filter(session_key=sign_in.session_key).first()
        session = SessionStore(sign_in.session_key)
        record_authentication(SimpleNamespace(session=session), user, method, reauthenticated=True)
        session.save()


def _proven_at(sign_in: SignIn, request: Any) -> float:
    """When the session was begun, or the last proof since; 0 for one that nobody knows."""
    place = UserSession.objects.filter(session_key=sign_in.session_key, user_id=sign_in.user_id).first()
    if place is None:
        return 0.0
    held = (
        request.session
        if request.session.session_key == sign_in.session_key
        else SessionStore(sign_in.session_key)
    )
    records = get_authentication_records(SimpleNamespace(session=held), request.user)
    return max(
        place.created_at.timestamp(), *(each["at"] for each in records if each.get("reauthenticated")), 0.0
    )
