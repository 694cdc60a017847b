"""Coming in through a page or the API, and by which address: django-allauth's flows around our verbs and in
our words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.account import forms, views
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.manage_email import can_mark_as_primary
from allauth.account.models import EmailAddress
from allauth.usersessions import views as session_views
from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.forms import CharField, HiddenInput, TextInput
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import FormView

from apps.core.errors import DomainError

from . import services, vetting
from .devices import device_in_words
from .models import User
from .reauthentication import require_recent_proof
from .services.people import TAKEN
from .sessions import SignIn, standing

# How the verb's inputs are called in the form.
FORM_NAMES = {"password": "password1"}
PLAIN = {"autocapitalize": "none", "spellcheck": "false"}


class SignInForm(forms.LoginForm):
    """Username or address, and password."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["login"].label = "Username or email address"
        self.fields["login"].widget.attrs.update(PLAIN, autocomplete="username webauthn")
        _without_placeholders(self)


class SignUpForm(forms.SignupForm):
    """Username, address, password; what is wrong with them is said all at once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"].help_text = "3 to 25 letters, digits or underscores."
        self.fields["username"].widget.attrs.update(PLAIN)
        self.fields["email"].label = "Email address"
        self.fields["password1"].help_text = "At least 8 characters, and nothing that many people use."
        # Not the hidden kind, which machines leave alone: the page hides it from people.
        self.fields["website"] = CharField(
            required=False,
            label="Leave this empty",
            widget=TextInput({"tabindex": -1, "autocomplete": "off"}),
        )
        self.fields["began"] = CharField(required=False, widget=HiddenInput, initial=vetting.stamp)
        _without_placeholders(self)

    def save(self, request: HttpRequest) -> User:
        """Register the person; raises what services.register_person raises."""
        data = self.cleaned_data
        is_form = not request.path.startswith("/api/")
        sign_up = vetting.SignUp(
            username=data["username"],
            email=data["email"],
            trap=data["website"],
            seconds=vetting.seconds_since(data["began"]) if is_form else None,
            is_crowd=vetting.admit(get_adapter(request).get_client_ip(request)),
        )
        with transaction.atomic():
            user = services.register_person(
                username=sign_up.username, email=sign_up.email, password=data["password1"]
            )
            vetting.vet(user, sign_up)
        return user

    def refuse(self, refusal: DomainError) -> None:
        """Show a refusal of the verb beside the field that it is about."""
        for name, reasons in (refusal.fields or {"": [refusal.message]}).items():
            field = FORM_NAMES.get(name, name)
            for reason in reasons:
                self.add_error(field if field in self.fields else None, reason)


class SignUpView(views.SignupView):
    """The page /auth/register; afterwards the person introduces themselves, then goes on to `next`."""

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        try:
            return super().form_valid(form)
        except DomainError as refusal:
            form.refuse(refusal)
            return self.form_invalid(form)

    def get_success_url(self) -> str:
        onward = self.get_next_url()
        if self.request.user.is_authenticated:  # who is in already has nothing to introduce
            return onward or settings.LOGIN_REDIRECT_URL
        welcome = settings.ACCOUNT_SIGNUP_REDIRECT_URL
        return f"{welcome}?{urlencode({'next': onward})}" if onward else welcome


class AddressesView(views.EmailView):
    """The page /auth/email. Anybody may add an address, but one account at most has it as its own."""

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if "action_send" not in request.POST:  # another letter to the same address does no harm
            require_recent_proof(request)
        if "action_primary" in request.POST and self._is_anothers(request.POST.get("email", "")):
            messages.error(request, TAKEN["email"][1])
            return redirect("account_email")
        return super().post(request, *args, **options)

    def _is_anothers(self, email: str) -> bool:
        """Whether nothing but another account stands in the way of this address: who could not have it as
        theirs in any case learns nothing of others."""
        user = self.request.user
        address = EmailAddress.objects.filter(user_id=user.pk, email=email.lower()).first()
        if address is None or not can_mark_as_primary(address):
            return False
        return User.objects.filter(email=address.email).exclude(pk=user.pk).exists()


class SessionsView(session_views.ListUserSessionsView):
    """The page /auth/sessions: where the person is signed in. One of the places is ended by its id, all the
    others together without one."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        here = self.request.session.session_key
        places = UserSession.objects.filter(user_id=self.request.user.pk).order_by("-created_at")
        shown = [(place, SignIn(place.user_id, place.session_key)) for place in places]
        hold = standing([sign_in for _, sign_in in shown])
        sessions = [place for place, sign_in in shown if sign_in in hold]
        for place in sessions:
            place.device, place.is_here = device_in_words(place.user_agent), place.session_key == here
        # Not the view's own way, which asks for each of them.
        return {**FormView.get_context_data(self, **more), "sessions": sessions}

    def post(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        require_recent_proof(request)
        mine = UserSession.objects.filter(user_id=request.user.pk)
        if "session" in request.POST:
            end_sessions(request, mine.filter(pk=_number(request.POST["session"])))
        else:
            end_sessions(request, mine.exclude(session_key=request.session.session_key))
        messages.success(request, "Signed out there.")
        return redirect("usersessions_list")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _without_placeholders(form: forms.LoginForm | forms.SignupForm) -> None:
    """A label says what a field is; a grey copy of it inside only looks like an answer."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
