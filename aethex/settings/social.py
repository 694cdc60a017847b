"""Signing in with an account of another site: each is there once its keys are set (docs/accounts.md)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from aethex import env

# Where the browser is sent to, and what is asked for. PKCE (RFC 7636) where the site knows it.
_KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "github": ("https://github.com", {"SCOPE": ["read:user", "user:email"], "OAUTH_PKCE_ENABLED": True}),
    "google": ("https://accounts.google.com", {"SCOPE": ["profile", "email"], "OAUTH_PKCE_ENABLED": True}),
    "discord": ("https://discord.com", {"SCOPE": ["identify", "email"], "OAUTH_PKCE_ENABLED": True}),
    "twitch": ("https://id.twitch.tv", {"SCOPE": ["user:read:email"]}),
}


def _apps() -> dict[str, dict[str, Any]]:
    found = {}
    for name, (_, options) in _KNOWN.items():
        prefix = name.upper()
        client_id, secret = env.text(f"{prefix}_CLIENT_ID", ""), env.text(f"{prefix}_CLIENT_SECRET", "")
        if bool(client_id) != bool(secret):
            raise ImproperlyConfigured(
                f"{prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET belong together: set both, or neither."
            )
        if client_id:
            found[name] = {**options, "APPS": [{"client_id": client_id, "secret": secret, "key": ""}]}
    return found


SOCIALACCOUNT_PROVIDERS = _apps()
SOCIAL_APPS = [f"allauth.socialaccount.providers.{name}" for name in SOCIALACCOUNT_PROVIDERS]
SOCIAL_ORIGINS = [_KNOWN[name][0] for name in SOCIALACCOUNT_PROVIDERS]

SOCIALACCOUNT_ADAPTER = "apps.accounts.social.SocialAdapter"
SOCIALACCOUNT_FORMS = {"signup": "apps.accounts.social.SocialSignUpForm"}
# Who comes for the first time chooses a name here. An address that the other site tells opens no account that
# is here already, whether the site has verified it or not: linking is done from inside.
SOCIALACCOUNT_AUTO_SIGNUP = SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
