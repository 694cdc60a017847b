"""How django-allauth speaks and acts in this product."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.models import SocialAccount
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.core.events import publish

from . import devices, letters
from .access import remember_shut
from .facts import SessionsEnded
from .models import Actor, User
from .sessions import sign_in_of

WRONG_LOGIN = _(
    "This name or address and this password don't belong together. Check both, or reset your password."
)


def display_name(user: User) -> str:
    """How letters address a person."""
    return user.name


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up, sign-in and letters in our words, with links that no request can bend."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is closed. Write to us if you think that this is a mistake."),
        "email_taken": _("This email address already has an account. Sign in, or reset its password."),
        "email_password_mismatch": WRONG_LOGIN,
        "username_password_mismatch": WRONG_LOGIN,
        "invalid_login": WRONG_LOGIN,
        "too_many_login_attempts": _(
            "Too many attempts with a wrong password. Wait five minutes, or reset your password."
        ),
        "username_taken": _("This username is already taken. Choose another one."),
        "username_blacklisted": _("This name is kept for the platform. Choose another one."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        letters.send(template_prefix, email, context)

    # The host of a request is whatever its sender wrote into it; links in letters come from the settings.
    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return settings.PUBLIC_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_URL + path.replace("UID-KEY", quote(key))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:  # nobody has a reason to hold them back any more
            User.objects.filter(pk=email_address.user_id, must_verify=True).update(must_verify=False)
        return confirmed

    def post_login(self, request: HttpRequest, user: User, *, signup: bool, **more: Any) -> HttpResponse:
        if not signup and not devices.is_known(request, user):
            devices.tell_of_new_one(request, user)
        devices.remember(request, user)
        return super().post_login(request, user, signup=signup, **more)

    def logout(self, request: HttpRequest) -> None:
        sign_in = sign_in_of(request)
        super().logout(request)
        if sign_in:
            publish(SessionsEnded(sign_in.user_id))

    def get_reauthentication_methods(self, user: Actor) -> list[dict[str, Any]]:
        """How this person may prove who they are; with nothing else, by an account that is linked."""
        ways = super().get_reauthentication_methods(user)
        if not ways and user.is_authenticated and SocialAccount.objects.filter(user=user).exists():
            url = reverse("account_reauthenticate_elsewhere")
            ways.append({"id": "elsewhere", "description": _("Sign in anew"), "url": url})
        return ways

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        publish(SessionsEnded(user.pk))  # all that were begun with the old one

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Who proved that a shut account is theirs reads why."""
        remember_shut(request, user)
        return super().respond_user_inactive(request, user)

    def is_safe_url(self, url: str | None) -> bool:
        """A page of ours to go on to; a missing one is none."""
        return bool(url) and super().is_safe_url(url)


class MFAAdapter(DefaultMFAAdapter):
    """Second factors; what is secret in them is stored encrypted."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "unverified_email": _("Confirm your email address first: open the link that we have sent to it."),
        "add_email_blocked": _("Take away your second factor first: it protects the address that you have."),
        "cannot_generate_recovery_codes": _(
            "Recovery codes come with a passkey or an app. Set one up first."
        ),
        "incorrect_code": _("This code is wrong or was used already. Type the one that the app shows now."),
    }

    def encrypt(self, text: str) -> str:
        return _vault().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _vault().decrypt(encrypted_text.encode()).decode()


def _vault() -> Fernet:
    """Authenticated encryption under a key of its own, derived from the site's secret."""
    key = salted_hmac("accounts.second-factors", "vault", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
