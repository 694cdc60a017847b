"""Signing in over the API: django-allauth's own flows, in a session that belongs to the client's tokens.

The flows bring their limits, second factor, letters and the list of sessions with them; nothing of that is
decided here. They speak to a request's session, so a request gets a fresh one for the length of the flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from allauth.account.internal import flows
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.stages import EmailVerificationStage
from allauth.core import ratelimit
from allauth.headless import app_settings
from allauth.headless.constants import Client
from allauth.headless.internal import sessionkit
from allauth.headless.internal.decorators import mark_request_as_headless
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.stages import AuthenticateStage
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from apps.accounts import services
from apps.accounts.access import why_shut
from apps.accounts.entrance import FORM_NAMES, SignUpForm
from apps.accounts.models import User
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, SignInNeeded, TooMany

API_NAMES = {form: verb for verb, form in FORM_NAMES.items()}
TAKEN = {"username_taken", "email_taken"}
WINDOW = 60  # seconds, of the limits on signing up and in by address
LOCKOUT = 300  # seconds, of the limit on wrong passwords for one account


def register(request: HttpRequest, *, username: str, email: str, password: str) -> dict[str, Any] | None:
    """Sign a new person up and in: `{user, access_token, refresh_token}`.

    None when the address has to be verified first; so it is for an address that has an account already, whose
    owner gets a letter. Raises what services.register_person raises, TooMany past the limit of an address.
    """
    with _own_session(request):
        _count(request, "signup")
        if not get_adapter().is_open_for_signup(request):
            raise NotAllowed("Signing up is closed at the moment.", code="SIGNUP_CLOSED")
        form = SignUpForm({"username": username, "email": email, "password1": password})
        if not form.is_valid():
            raise _refusal(form)
        user, answered = form.try_save(request)
        if user is not None and not answered:
            flows.signup.complete_signup(request, user=user)
        return _tokens(request)


def log_in(
    request: HttpRequest, *, login: str, password: str, code: str, keep_account: bool = False
) -> dict[str, Any]:
    """Sign a person in: `{user, access_token, refresh_token}`. With `keep_account`, one whose account waits
    to be deleted keeps it; the password is proof enough, as it is on the page.

    Raises SignInNeeded (WRONG_LOGIN, MFA_REQUIRED, WRONG_CODE), NotAllowed (EMAIL_NOT_VERIFIED, or what
    `why_shut` says) or TooMany.
    """
    with _own_session(request):
        _count(request, "login")
        form = LoginForm({"login": login, "password": password}, request=request)
        if not form.is_valid():
            raise _wrong_login(form)
        if keep_account and form.user.deletion_at is not None:
            services.keep_account(person=form.user)
            form.user.refresh_from_db()
        form.login(request)
        stage = get_pending_stage(request)
        if stage is not None and stage.key == EmailVerificationStage.key:
            raise NotAllowed(
                "Verify your email address first: follow the link in the letter that we have sent.",
                code="EMAIL_NOT_VERIFIED",
            )
        if stage is not None and stage.key == AuthenticateStage.key:
            _second_factor(form.user, code)
            stage.exit()
        tokens = _tokens(request)
        if tokens is None:
            raise why_shut(form.user)
        return tokens


def _second_factor(user: User, code: str) -> None:
    if not code:
        raise SignInNeeded(
            "This account asks for a second factor. Send the code of the authenticator app as `code`.",
            code="MFA_REQUIRED",
        )
    form = AuthenticateForm({"code": code}, user=user)
    if not form.is_valid():
        if form.has_error("code", "too_many_login_attempts"):
            raise _locked_out(form)
        (reason, *_) = _sentences(form.errors["code"])
        raise SignInNeeded(reason, code="WRONG_CODE", fields={"code": [reason]})
    form.save()


def _tokens(request: HttpRequest) -> dict[str, Any] | None:
    """The tokens of whom the flow has signed in, None when it has stopped before that."""
    if not request.user.is_authenticated:
        return None
    return {"user": request.user, **app_settings.TOKEN_STRATEGY.create_access_token_payload(request)}


@contextmanager
def _own_session(request: HttpRequest) -> Iterator[None]:
    """A new, empty session and nobody in it; the browser's own session and cookies are not touched."""
    # Without this mark the flows would leave messages for the next page. "Browser": they make no tokens of
    # their own, which would be good ones that nobody holds.
    mark_request_as_headless(request, Client.BROWSER)
    before = request.session, request.user
    request.session, request.user = sessionkit.new_session(), AnonymousUser()
    try:
        yield
        # A flow that stopped half way leaves nothing behind; only a signed-in one is worth a row.
        if request.user.is_authenticated:
            request.session.save()
    finally:
        request.session, request.user = before
        # Signing in rotates the CSRF token, which would overwrite the one of the browser's own session.
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False


def _count(request: HttpRequest, action: str) -> None:
    if not ratelimit.consume(request, action=action):
        raise TooMany("Too many attempts from your address. Wait a minute.", retry_after=WINDOW)


def _wrong_login(form: LoginForm) -> DomainError:
    if form.has_error("__all__", "too_many_login_attempts"):
        return _locked_out(form)
    if form.has_error("__all__"):
        return SignInNeeded(str(form.non_field_errors()[0]), code="WRONG_LOGIN")
    return _refusal(form)


def _locked_out(form: forms.Form) -> TooMany:
    (reason, *_) = _sentences(next(iter(form.errors.values())))
    return TooMany(reason, code="TOO_MANY_LOGIN_ATTEMPTS", retry_after=LOCKOUT)


def _refusal(form: forms.Form) -> DomainError:
    """The form's complaints as one refusal, under the names that the API uses."""
    fields = {API_NAMES.get(name, name): _sentences(reasons) for name, reasons in form.errors.items()}
    codes = [error.code or "" for errors in form.errors.as_data().values() for error in errors]
    message = next(iter(fields.values()))[0]
    if TAKEN.issuperset(codes):
        return Conflict(message, code=codes[0].upper(), fields=fields)
    return Invalid(message, fields=fields)


def _sentences(reasons: Iterable[object]) -> list[str]:
    return [str(reason) for reason in reasons]
