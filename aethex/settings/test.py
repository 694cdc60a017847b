"""Tests: cheap passwords, mail in memory; database and Redis still come from the environment."""

import os
import tempfile

# A run never touches a developer's data, nor another run's; the folder goes with the process.
_folder = tempfile.TemporaryDirectory(prefix="aethex-test-")
os.environ.setdefault("AETHEX_DATA_DIR", _folder.name)

from .base import *  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SECRET_KEY = "a key for tests only, it protects nothing and is fifty characters"  # noqa: S105

if not DATABASE_URL:
    # A file: threads that meet in one database in memory are refused at once instead of waiting their turn.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / f"test-{os.getpid()}.sqlite3")}
