"""A private PostgreSQL cluster and a private Redis on free ports, gone when the test run ends.

`python -m tests.stack.services COMMAND …` runs COMMAND with DATABASE_URL and REDIS_URL naming them.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Services:
    """Where the two servers answer. `database_url(name)` names one database of the cluster."""

    postgres_port: int
    redis_port: int

    def database_url(self, name: str) -> str:
        return f"postgres://aethex@127.0.0.1:{self.postgres_port}/{name}"

    def redis_url(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/{number}"


def free_port() -> int:
    """A TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Return as soon as `ready()` is true; raise TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {seconds:.0f} s")
        time.sleep(0.05)


def postgres_tool(name: str) -> str | None:
    """The newest installed PostgreSQL's program `name`; Debian keeps them off PATH, a folder a version."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(versions[-1]) if versions else shutil.which(name)


def unprivileged() -> dict[str, Any]:
    """Popen's arguments for running as somebody other than root, which initdb insists on."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            person = pwd.getpwnam(name)
            return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    raise RuntimeError("running as root, and neither postgres nor nobody exists to run servers as")


@contextlib.contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A temporary folder that `unprivileged()` programs may write to."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    if owner := unprivileged():
        os.chown(folder, owner["user"], owner["group"])
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[int]:
    """A running cluster with the superuser `aethex` and no password; yields its port.

    fsync is off unless `durable`: the tests kill our processes, not the kernel, and what was written survives
    that. A benchmark may not leave it out.
    """
    initdb, server, ready = (postgres_tool(name) for name in ("initdb", "postgres", "pg_isready"))
    if not (initdb and server and ready):
        raise FileNotFoundError("PostgreSQL is not installed (Debian: apt install postgresql)")
    port = free_port()
    with scratch("aethex-pg-") as folder:
        data = folder / "data"
        made = subprocess.run(
            [
                initdb,
                "-D",
                data,
                "-U",
                "aethex",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            **unprivileged(),
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            "shared_buffers": "128MB",
        }
        arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [server, "-D", data, *arguments],
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **unprivileged(),
            )
        try:
            probe = [ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_until(lambda: subprocess.run(probe, check=False).returncode == 0, "PostgreSQL")
            yield port
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: clients are cut off
            _reap(process)


@contextlib.contextmanager
def redis() -> Iterator[int]:
    """A running Redis that keeps nothing on disk; yields its port."""
    if not shutil.which("redis-server"):
        raise FileNotFoundError("Redis is not installed (Debian: apt install redis-server)")
    port = free_port()
    with scratch("aethex-redis-") as folder:
        process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(folder),
                "--logfile",
                str(folder / "log"),
            ],
            start_new_session=True,
            **unprivileged(),
        )
        try:
            wait_until(lambda: _answers(port), "Redis")
            yield port
        finally:
            process.terminate()
            _reap(process)


@contextlib.contextmanager
def services() -> Iterator[Services]:
    """Both servers."""
    with postgres() as postgres_port, redis() as redis_port:
        yield Services(postgres_port, redis_port)


def create_database(url: str, *, template: str = "template1") -> None:
    """Create the database that `url` names, as a copy of `template` (empty without one)."""
    import psycopg

    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(command: list[str]) -> int:
    """Run `command` beside both servers; its exit code."""
    with services() as running:
        environment = os.environ | {
            "DATABASE_URL": running.database_url("aethex"),
            "REDIS_URL": running.redis_url(0),
        }
        create_database(environment["DATABASE_URL"])
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
