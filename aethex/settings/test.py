"""Tests: cheap passwords, mail in memory; database and Redis still come from the environment."""

from .base import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SECRET_KEY = "a key for tests only, it protects nothing and is fifty characters"  # noqa: S105

if not DATABASE_URL:  # noqa: F405
    # A file: threads that meet in one database in memory are refused at once instead of waiting their turn.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}  # noqa: F405
