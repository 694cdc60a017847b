"""What is made once for all platforms of a test run: migrated databases and the static files."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .environment import SECRET_KEY, environment, manage
from .services import Services, create_database, dump_database, has_database, load_database

TEMPLATE = "stack_template"
DATABASE = "aethex.sqlite3"


def prepared(services: Services) -> Path:
    """What an operator does once before the first start: a migrated database, TEMPLATE, and the static files,
    in the folder that is returned. Every full stack of these services begins with a copy of both.
    """
    database_url = services.database_url(TEMPLATE)
    folder = shared_folder()
    schema = folder / "schema.sql"
    with _one_at_a_time(folder):
        if has_database(database_url):
            return folder / "static"
        create_database(database_url)
        if schema.exists():
            load_database(database_url, schema)
        else:
            _prepare(services, folder)
            dump_database(database_url, schema)
    return folder / "static"


def _prepare(services: Services, folder: Path) -> None:
    env = environment(
        AETHEX_ENV="prod",
        SECRET_KEY=SECRET_KEY,
        ALLOWED_HOSTS="localhost",
        PUBLIC_URL="http://localhost",
        RTMP_URL="rtmp://localhost/live",
        SSL_REDIRECT="0",
        DATABASE_URL=services.database_url(TEMPLATE),
        REDIS_URL=services.redis_url(1),
        AETHEX_DATA_DIR=str(folder),
    )
    # Without the viewer of the API's pages: compressing it takes longer than everything else together.
    quiet = ("--verbosity", "0", "--no-input")
    for arguments in (("migrate", *quiet), ("collectstatic", *quiet, "--ignore", "drf_spectacular_sidecar")):
        manage(env, *arguments)


def prepare_folder(data: Path) -> None:
    """Put a migrated SQLite into the data folder of a platform that never ran."""
    folder = shared_folder()
    ready = folder / "embedded"
    with _one_at_a_time(folder):
        if not ready.exists():
            making = folder / "making"
            manage(environment(AETHEX_DATA_DIR=str(making)), "migrate", "--verbosity", "0")
            making.rename(ready)
    data.mkdir()
    shutil.copy(ready / DATABASE, data / DATABASE)


@functools.cache
def shared_folder() -> Path:
    """Where platforms are prepared: TESTS_SHARED_DIR, so that the runs and workers of a suite do it once for
    all of them, or a folder of this process."""
    if named := os.environ.get("TESTS_SHARED_DIR"):
        return Path(named)
    folder = Path(tempfile.mkdtemp(prefix="aethex-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
