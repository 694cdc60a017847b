"""How people sign up and in: the user model, django-allauth, tokens of the API."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from aethex import env

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600  # a reset link opens an account: an hour is enough

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

# Rows, not a cache: a refresh token is used up under a lock on its session's row.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 30 * 24 * 3600

# --- pages -----------------------------------------------------------------------------------------
ACCOUNT_ADAPTER = "apps.accounts.adapters.AccountAdapter"
USERSESSIONS_ADAPTER = "apps.accounts.sessions.SessionsAdapter"
ACCOUNT_FORMS = {
    "signup": "apps.accounts.entrance.SignUpForm",
    "login": "apps.accounts.entrance.SignInForm",
    "add_email": "apps.accounts.factor_forms.AddAddress",
    "change_password": "apps.accounts.factor_forms.ChangePassword",
    "set_password": "apps.accounts.factor_forms.SetPassword",
    "reset_password": "apps.accounts.factor_forms.AskForReset",
    "reset_password_from_key": "apps.accounts.factor_forms.ResetPassword",
    "reauthenticate": "apps.accounts.factor_forms.ConfirmByPassword",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
# Attempts a minute and address; behind one campus or one test run there are many people.
ACCOUNT_RATE_LIMITS = {
    "signup": env.rates("SIGNUP_RATE", "20/m/ip"),
    "login": env.rates("LOGIN_RATE", "30/m/ip"),
}
# Sign-ups in so many seconds: from one network (a /24, a /48), from everywhere; and how many from one network
# begin to look like a crowd.
SIGNUP_NETWORK_RATE = env.rate("SIGNUP_NETWORK_RATE", "60/3600")
SIGNUP_SITE_RATE = env.rate("SIGNUP_SITE_RATE", "1000/3600")
SIGNUP_CROWD_RATE = env.rate("SIGNUP_CROWD_RATE", "5/3600")
# From so many points on (apps/accounts/vetting.py) an address has to be confirmed first; 100: never.
SIGNUP_SUSPICION = env.integer("SIGNUP_SUSPICION", 4, low=1, high=100)
DISPOSABLE_DOMAINS = env.words("DISPOSABLE_DOMAINS")
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_SIGNUP_REDIRECT_URL = "/onboarding"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_USERNAME_VALIDATORS = "apps.accounts.names.USERNAME_VALIDATORS"
ACCOUNT_USER_DISPLAY = "apps.accounts.adapters.display_name"
ACCOUNT_SESSION_REMEMBER = True
# How long a proof of who acts is good for what can't be taken back. When one is needed, we decide
# (apps/accounts/reauthentication.py), not django-allauth.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_REAUTHENTICATION_REQUIRED = MFA_REAUTHENTICATION_REQUIRED = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
# A letter is always sent; "mandatory" lets nobody in before its link was followed.
ACCOUNT_EMAIL_VERIFICATION = env.text("EMAIL_VERIFICATION", "optional")
if ACCOUNT_EMAIL_VERIFICATION not in {"optional", "mandatory"}:
    raise ImproperlyConfigured(
        f"EMAIL_VERIFICATION={ACCOUNT_EMAIL_VERIFICATION!r} is unknown. Use optional or mandatory."
    )
EMAIL_TIMEOUT = 10
# A closed account can be kept for so long, then it is deleted.
ACCOUNT_DELETION_DAYS = env.integer("ACCOUNT_DELETION_DAYS", 14, low=0, high=90)

MFA_FORMS = {
    "authenticate": "apps.accounts.factor_forms.SignInByCode",
    "reauthenticate": "apps.accounts.factor_forms.ConfirmByCode",
    "activate_totp": "apps.accounts.factor_forms.SetUpApp",
    "add_webauthn": "apps.accounts.factor_forms.AddPasskey",
    "login_webauthn": "apps.accounts.factor_forms.SignInByPasskey",
    "reauthenticate_webauthn": "apps.accounts.factor_forms.ConfirmByPasskey",
}
MFA_ADAPTER = "apps.accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "AeThex LIVE"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s that a phone's clock or slow typing may be off (RFC 6238, section 5.2)

# Whether staff come into the admin by a second factor or a passkey only; production asks for it.
STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", default=False)

# --- tokens ----------------------------------------------------------------------------------------
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "apps.accounts.tokens.OneUseRefresh"  # noqa: S105  a class, not a secret
HEADLESS_JWT_ALGORITHM = "HS256"
# Every token is checked against its session, so that ending the session ends the token at once.
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 15 * 60
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = SESSION_COOKIE_AGE
