"""The pages below /auth/: django-allauth's views under the product's addresses, without trailing slashes."""

from __future__ import annotations

from allauth.account import views
from allauth.socialaccount import views as social_views
from django.urls import include, path, re_path

from . import data_views, social
from .entrance import AddressesView, SessionsView, SignUpView
from .reauthentication import recent_proof_required

urlpatterns = [
    path("register", SignUpView.as_view(), name="account_signup"),
    path("login", views.login, name="account_login"),
    path("logout", views.logout, name="account_logout"),
    path("keep/<str:token>", data_views.keep, name="account_keep"),
    path("closed", data_views.closed, name="account_inactive"),
    path("reauthenticate", views.reauthenticate, name="account_reauthenticate"),
    path("reauthenticate/elsewhere", social.prove_elsewhere, name="account_reauthenticate_elsewhere"),
    path("reauthenticate/done", social.proved, name="account_reauthenticated"),
    path("email", AddressesView.as_view(), name="account_email"),
    path("verify", views.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^verify/(?P<key>[-:\w]+)$", views.confirm_email, name="account_confirm_email"),
    path("password", views.password_change, name="account_change_password"),
    path("password/set", recent_proof_required(views.password_set), name="account_set_password"),
    path("password/reset", views.password_reset, name="account_reset_password"),
    path("password/reset/sent", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/changed", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("sessions", SessionsView.as_view(), name="usersessions_list"),
    path("2fa/", include("apps.accounts.factor_urls")),
    path("with/login/cancelled/", social_views.login_cancelled, name="socialaccount_login_cancelled"),
    path("with/login/error/", social_views.login_error, name="socialaccount_login_error"),
    path("with/signup/", social_views.signup, name="socialaccount_signup"),
    path("with/", social.ConnectionsView.as_view(), name="socialaccount_connections"),
    path("with/", include(social.addresses())),
]
