"""The letters of accounts: django-allauth's occasions, in our words."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.letters import send_letter

from .middleware import zone_named
from .models import User

# Those with a text of their own.
LETTERS = {
    "account/email/email_confirmation": "confirm_address",
    "account/email/email_confirmation_signup": "confirm_address",
    "account/email/password_reset_key": "reset_password",
    "account/email/account_already_exists": "account_exists",
    "account/email/unknown_account": "no_account",
    "account/email/login_code": "code",
    "account/email/password_reset_code": "code",
}
# Those that tell what was changed: title and sentence.
CHANGES = {
    "account/email/email_changed": (
        "Your email address has changed",
        "Your account's email address was {from_email} and is {to_email} now.",
    ),
    "account/email/email_confirm": (
        "An email address is confirmed",
        "An email address of your account has been confirmed.",
    ),
    "account/email/email_deleted": (
        "An email address was removed",
        "{deleted_email} no longer belongs to your account.",
    ),
    "account/email/password_changed": (
        "Your password has changed",
        "The password of your account has been changed.",
    ),
    "account/email/password_reset": (
        "Your password has changed",
        "The password of your account has been replaced, by a link that we had sent to you.",
    ),
    "account/email/password_set": ("Your account has a password", "A password was set for your account."),
    "mfa/email/recovery_codes_generated": (
        "New recovery codes",
        "Your account has new recovery codes. Those from before no longer work.",
    ),
    "mfa/email/totp_activated": (
        "Two-factor is on",
        "From now on, signing in takes a code of your authenticator app.",
    ),
    "mfa/email/totp_deactivated": (
        "The authenticator app is off",
        "Signing in no longer takes a code of your authenticator app.",
    ),
    "mfa/email/webauthn_added": (
        "A passkey was added",
        "A new passkey or security key can sign in to your account.",
    ),
    "mfa/email/webauthn_removed": (
        "A passkey was removed",
        "A passkey or security key can no longer sign in to your account.",
    ),
    "socialaccount/email/account_connected": (
        "Another way to sign in",
        "An account of {provider} can sign in to your account now.",
    ),
    "socialaccount/email/account_disconnected": (
        "One way less to sign in",
        "The account of {provider} can no longer sign in to your account.",
    ),
}


def send(occasion: str, to: str, context: dict[str, Any]) -> None:
    """Post the letter for one of allauth's occasions (`account/email/password_changed`)."""
    if occasion in CHANGES:
        title, what = CHANGES[occasion]
        send_letter(to, "account_changed", {**context, "title": title, "what": what.format(**context)})
    else:
        send_letter(to, LETTERS[occasion], context)


def write_to(user: User, template: str, **context: Any) -> None:
    """Post a letter to a person, with times in their own zone; to nobody without an address."""
    if user.email:
        with timezone.override(zone_named(user.time_zone)):
            send_letter(user.email, template, {"user": user, **context})
