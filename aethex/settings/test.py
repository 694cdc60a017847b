"""Tests: cheap passwords, mail in memory; database and Redis still come from the environment."""

import os
import tempfile
from pathlib import Path

# A run never touches a developer's data, nor another run's; the folder goes with the process.
_folder = tempfile.TemporaryDirectory(prefix="aethex-test-")
os.environ.setdefault("AETHEX_DATA_DIR", _folder.name)

# Of several workers of one run (gw0, gw1, …) each has a folder and a Redis database of its own, so that none
# empties another's cache.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker:
    os.environ["AETHEX_DATA_DIR"] = str(Path(os.environ["AETHEX_DATA_DIR"]) / _worker)
    if os.environ.get("REDIS_URL"):
        server = os.environ["REDIS_URL"].rpartition("/")[0]
        os.environ["REDIS_URL"] = f"{server}/{1 + int(_worker.removeprefix('gw'))}"

# Other sites' accounts are a way in, but with keys that no site knows.
for _site in ("GITHUB", "GOOGLE", "DISCORD", "TWITCH"):
    os.environ[f"{_site}_CLIENT_ID"] = f"{_site.lower()}-client"
    os.environ[f"{_site}_CLIENT_SECRET"] = f"{_site.lower()}-secret"

from .base import *  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SECRET_KEY = "a key for tests only, it protects nothing and is fifty characters"  # noqa: S105

# Never somebody's own database: tests/database.py makes this one.
_database = DATABASES["default"]
if DATABASE_URL:
    _database["NAME"] = f"test_{_database['NAME']}{_worker}"
else:
    # A file: threads that meet in one database in memory are refused at once instead of waiting their turn.
    _database["NAME"] = str(DATA_DIR / f"test-{os.getpid()}.sqlite3")
    # No test cuts the power.
    _database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"

# What a test has just done is on the next page.
KEEP_LISTS = False

# Every client of a test starts the middleware anew, which would list all static files each time: 0.1 s.
WHITENOISE_AUTOREFRESH = True
