"""The pages below /auth/2fa/: what changes how one comes in takes a recent proof of who asks (see
`reauthentication`); looking at it, and proving it, do not."""

from __future__ import annotations

from allauth.mfa.base import views
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from .reauthentication import recent_proof_required as proven

urlpatterns = [
    path("", views.index, name="mfa_index"),
    path("authenticate/", views.authenticate, name="mfa_authenticate"),
    path("reauthenticate/", views.reauthenticate, name="mfa_reauthenticate"),
    path("totp/activate/", proven(totp.activate_totp), name="mfa_activate_totp"),
    path("totp/deactivate/", proven(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("recovery-codes/", proven(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/generate/",
        proven(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "recovery-codes/download/",
        proven(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("webauthn/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("webauthn/add/", proven(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("webauthn/login/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("webauthn/reauthenticate/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("webauthn/keys/<int:pk>/remove/", proven(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("webauthn/keys/<int:pk>/edit/", proven(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
]
