"""What is made once and then copied: migrated databases, and the static files.

Databases are kept from run to run, in pytest's cache, as long as no migration and no library changes.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .environment import ROOT, SECRET_KEY, environment, manage
from .services import Services, create_database, dump_database, has_database, load_database

QUIET = ("--verbosity", "0", "--no-input")


def migrated_sqlite() -> Path:
    """An SQLite that `migrate` has filled and nobody has used: to be copied."""
    ready = _kept() / "aethex.sqlite3"
    with _one_at_a_time(_kept()):
        if not ready.exists():
            with tempfile.TemporaryDirectory(prefix="aethex-migrated-") as folder:
                manage(environment(AETHEX_DATA_DIR=folder), "migrate", *QUIET)
                making = ready.with_suffix(".making")
                shutil.copy(Path(folder, ready.name), making)
                making.rename(ready)
    return ready


def migrated_postgres(server: str) -> str:
    """The name of such a database on the PostgreSQL of this URL, as a template for others."""
    name = f"migrated_{_schema()}"
    url = f"{server.rpartition('/')[0]}/{name}"
    dump = _kept() / "schema.sql"
    with _one_at_a_time(_kept()):
        if has_database(url):
            return name
        create_database(url)
        if dump.exists():
            load_database(url, dump)
        else:
            with tempfile.TemporaryDirectory(prefix="aethex-migrated-") as folder:
                manage(environment(AETHEX_DATA_DIR=folder, DATABASE_URL=url), "migrate", *QUIET)
            dump_database(url, dump)
    return name


def static_files(services: Services) -> Path:
    """The folder of collected static files, made once for all platforms of a run."""
    folder = shared_folder()
    ready = folder / "static"
    with _one_at_a_time(folder):
        if not ready.exists():
            making = folder / "making"
            env = environment(
                AETHEX_ENV="prod", SECRET_KEY=SECRET_KEY, ALLOWED_HOSTS="localhost", SSL_REDIRECT="0",
                PUBLIC_URL="http://localhost", RTMP_URL="rtmp://localhost/live", AETHEX_DATA_DIR=str(making),
                DATABASE_URL=services.database_url("postgres"), REDIS_URL=services.redis_url(1),
            )  # fmt: skip
            # Without what only the API's own pages are drawn with: compressing it takes longer than all else.
            left_out = ("--ignore", "drf_spectacular_sidecar", "--ignore", "rest_framework")
            manage(env, "collectstatic", *QUIET, *left_out)
            (making / "static").rename(ready)
    return ready


@functools.cache
def shared_folder() -> Path:
    """What lasts as long as the run: TESTS_SHARED_DIR, for all runs and workers of a suite, or a folder of
    this process."""
    if named := os.environ.get("TESTS_SHARED_DIR"):
        return Path(named)
    folder = Path(tempfile.mkdtemp(prefix="aethex-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _schema() -> str:
    """A name for what `migrate` makes now."""
    sources = [*sorted(ROOT.glob("apps/*/migrations/*.py")), ROOT / "requirements.lock"]
    contents = [f"{source.relative_to(ROOT)}\n{source.read_text()}" for source in sources]
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()[:16]


@functools.cache
def _kept() -> Path:
    folder = ROOT / ".pytest_cache/migrated" / _schema()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
