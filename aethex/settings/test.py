"""Tests: cheap passwords, mail in memory; database and Redis still come from the environment."""

from .base import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SECRET_KEY = "a key for tests only, it protects nothing and is fifty characters"  # noqa: S105
