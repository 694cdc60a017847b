"""A private PostgreSQL cluster and a private Redis on free ports, gone when the test run ends.

`python -m tests.stack.services COMMAND …` runs COMMAND with DATABASE_URL and REDIS_URL naming them.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
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
    """A TCP port that nobody listens on right now. Outgoing connections get theirs from 32768 upwards: one in
    that range could be taken before its server starts, or while it is away.
    """
    while True:
        port = random.randrange(20_000, 32_768)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


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


@dataclass
class Server:
    """A server as a process of ours. Killed and started again it has the same port and the same files."""

    name: str
    port: int
    command: list[str]
    folder: Path
    answers: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return once it answers; raises with its log when it does not."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **unprivileged(),
            )
        try:
            wait_until(self.answers, self.name)
        except TimeoutError as trouble:
            raise RuntimeError(f"{trouble}\n{self.log.read_text(errors='replace')}") from None

    def kill(self) -> None:
        """kill -9, of its children too: no goodbye, no flush."""
        assert self.process is not None
        children = _children(self.process.pid)
        self.process.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.wait()

    def stop(self, number: signal.Signals) -> None:
        """End it with `number`, as a last resort by force; silent when it is gone."""
        if self.process is not None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def log(self) -> Path:
        return self.folder / "log"


@contextlib.contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[Server]:
    """A running cluster with the superuser `aethex` and no password.

    fsync is off unless `durable`: most tests kill our processes, and what was written survives that. Who
    kills the server itself, or measures it, may not leave it out.
    """
    initdb, program, ready = (postgres_tool(name) for name in ("initdb", "postgres", "pg_isready"))
    if not (initdb and program and ready):
        raise FileNotFoundError("PostgreSQL is not installed (Debian: apt install postgresql)")
    port = free_port()
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
    probe = [ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
    with scratch("aethex-pg-") as folder:
        _make_cluster(initdb, folder, *([] if durable else ["--no-sync"]))
        server = Server(
            "PostgreSQL",
            port,
            [program, "-D", str(folder / "data"), *arguments],
            folder,
            lambda: subprocess.run(probe, check=False).returncode == 0,
        )
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGINT)  # fast shutdown: clients are cut off


def _make_cluster(initdb: str, folder: Path, *options: str) -> None:
    words = ["-U", "aethex", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    made = subprocess.run(
        [initdb, "-D", folder / "data", *words, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **unprivileged(),
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr}")


@contextlib.contextmanager
def redis_server() -> Iterator[Server]:
    """A running Redis that keeps nothing on disk."""
    if not shutil.which("redis-server"):
        raise FileNotFoundError("Redis is not installed (Debian: apt install redis-server)")
    port = free_port()
    with scratch("aethex-redis-") as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no"]
        server = Server("Redis", port, command, folder, lambda: _answers(port))
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGTERM)


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[int]:
    """`postgres_server` for those who only talk to it; yields its port."""
    with postgres_server(durable=durable) as server:
        yield server.port


@contextlib.contextmanager
def redis() -> Iterator[int]:
    """`redis_server` for those who only talk to it; yields its port."""
    with redis_server() as server:
        yield server.port


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """What takes connections and never answers, like a host behind a line that broke; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


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


def has_database(url: str) -> bool:
    """Whether the server of `url` has that database."""
    import psycopg

    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return found.fetchone() is not None


def dump_database(url: str, file: Path) -> None:
    """Write the database that `url` names to `file`, whole or not at all."""
    making = file.with_suffix(".making")
    _run_tool("pg_dump", "--no-owner", "--file", str(making), url)
    making.rename(file)


def load_database(url: str, file: Path) -> None:
    """Fill the empty database that `url` names with what `dump_database` wrote."""
    _run_tool("psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", str(file), url)


def _run_tool(name: str, *arguments: str) -> None:
    command = [postgres_tool(name) or name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr}")


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def _children(pid: int) -> list[int]:
    """The processes that `pid` started itself; none where the system does not tell."""
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


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
