"""django-allauth's forms for addresses, passwords and second factors, in our words."""

from __future__ import annotations

from typing import Any

from allauth.account import forms
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from django.core.exceptions import ValidationError

REFUSED = "This passkey is not known here, or was removed. Choose another one, or another way."
RULE = "At least 8 characters, and nothing that many people use."


class PlainFields:
    """A label says what a field is; a grey copy of it inside only looks like an answer."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        for name, label in (("oldpassword", "Current password"), ("password2", "New password, once more")):
            if name in self.fields:
                self.fields[name].label = label
        if "password1" in self.fields:
            self.fields["password1"].label, self.fields["password1"].help_text = "New password", RULE


class AddAddress(PlainFields, forms.AddEmailForm):
    pass


class ChangePassword(PlainFields, forms.ChangePasswordForm):
    pass


class SetPassword(PlainFields, forms.SetPasswordForm):
    pass


class AskForReset(PlainFields, forms.ResetPasswordForm):
    pass


class ResetPassword(PlainFields, forms.ResetPasswordKeyForm):
    pass


class ConfirmByPassword(PlainFields, forms.ReauthenticateForm):
    pass


class SignInByCode(PlainFields, AuthenticateForm):
    pass


class ConfirmByCode(PlainFields, ReauthenticateForm):
    pass


class SetUpApp(PlainFields, ActivateTOTPForm):
    pass


class AddPasskey(PlainFields, AddWebAuthnForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].help_text = "So that you know it again."
        passwordless = self.fields["passwordless"]
        passwordless.label, passwordless.initial = "It signs me in without my password", True
        passwordless.help_text = "Then it asks for your fingerprint, your face or a PIN."


class ByPasskey:
    """What is said of a wrong code says nothing to somebody who has typed none."""

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError as refusal:
            if refusal.code == "incorrect_code":
                raise ValidationError(REFUSED, code=refusal.code) from None
            raise


class SignInByPasskey(ByPasskey, LoginWebAuthnForm):
    pass


class ConfirmByPasskey(ByPasskey, ReauthenticateWebAuthnForm):
    pass
