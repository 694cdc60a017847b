"""The platform as it runs for people, started by a test: real processes, real ports, a folder of its own.

`embedded()` is one process on SQLite. `full()` is the Procfile on PostgreSQL and Redis behind nginx.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from .environment import ROOT, SECRET_KEY, environment, manage
from .prepared import migrated_postgres, migrated_sqlite, static_files
from .services import Services, create_database, free_port, wait_until


@dataclass
class Process:
    """One named process: its command, the address that tells when it is ready, and its log."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    healthz: str | None = None
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `await_ready` tells when it serves."""
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def await_ready(self, seconds: float = 60) -> None:
        """Return once it answers /healthz (without an address: once it runs); else raise with its log."""
        try:
            wait_until(self._ready, self.name, seconds)
        except (TimeoutError, ChildProcessError) as trouble:
            raise RuntimeError(f"{trouble}\n--- {self.name} ---\n{self.tail()}") from None

    def _ready(self) -> bool:
        assert self.popen is not None
        if self.popen.poll() is not None:
            raise ChildProcessError(f"{self.name} ended with {self.popen.returncode} instead of serving")
        if self.healthz is None:
            return True
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(self.healthz, timeout=5).status_code == 200
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send `number` to the process and all its children; silent when it is gone."""
        if self.popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, number)

    def stop(self, seconds: float = 10) -> int | None:
        """End it as an operator would, SIGTERM, and as a last resort by force; its exit code."""
        if self.popen is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.popen.terminate()
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.popen.wait()
        self.signal(signal.SIGKILL)  # what it left behind
        return self.popen.returncode

    def tail(self, lines: int = 60) -> str:
        """The end of its log."""
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


@dataclass
class Stack:
    """A running platform. Roles are those of the Procfile; embedded, every role is the one process `live`."""

    mode: str
    url: str
    rtmp_url: str
    ws_urls: list[str]
    folder: Path
    env: dict[str, str]
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def api(self) -> httpx.Client:
        """A new client of the API, with cookies of its own."""
        return httpx.Client(base_url=self.url, timeout=20, follow_redirects=False)

    def process(self, role: str) -> Process:
        """The process that plays `role`."""
        return self.processes.get(role) or self.processes["live"]

    def kill(self, role: str) -> None:
        """kill -9: no goodbye, no flush."""
        process = self.process(role)
        process.signal(signal.SIGKILL)
        assert process.popen is not None
        process.popen.wait()

    def restart(self, role: str) -> None:
        """Start `role` again (ending it first if it runs) and return once it serves."""
        process = self.process(role)
        process.stop()
        process.start()
        process.await_ready()

    def supervise(self) -> list[str]:
        """Start what has ended by itself again, as systemd does; their names."""
        ended = [
            name
            for name, process in self.processes.items()
            if process.popen and process.popen.poll() is not None
        ]
        for name in ended:
            self.restart(name)
        return ended

    def manage(self, *arguments: str) -> str:
        """What `manage.py arguments` prints, on this stack's data; raises with its errors when it fails."""
        return manage(self.env, *arguments)

    def logs(self, role: str) -> str:
        """The whole log of `role`."""
        return self.process(role).log.read_text(errors="replace")

    def report(self) -> str:
        """The ends of all logs, for a failed test."""
        return "\n".join(f"--- {name} ---\n{process.tail()}" for name, process in self.processes.items())

    def start(self) -> None:
        """Start everything, then wait for everything."""
        for process in self.processes.values():
            process.start()
        for process in self.processes.values():
            process.await_ready()

    def stop(self) -> None:
        """SIGTERM to all at once, then wait for each."""
        for process in self.processes.values():
            if process.popen and process.popen.poll() is None:
                process.popen.terminate()
        deadline = time.monotonic() + 10
        for process in reversed(self.processes.values()):
            process.stop(max(0.1, deadline - time.monotonic()))


@contextlib.contextmanager
def embedded(**settings: str) -> Iterator[Stack]:
    """`manage.py live` on free ports and an empty folder; `settings` are added to its environment."""
    with tempfile.TemporaryDirectory(prefix="aethex-live-") as temporary:
        folder = Path(temporary)
        port, rtmp_port, srt_port = free_port(), free_port(), free_port()
        env = environment(
            PORT=str(port), RTMP_PORT=str(rtmp_port), BIND_HOST="127.0.0.1",
            PUBLIC_URL=f"http://127.0.0.1:{port}", RTMP_URL=f"rtmp://127.0.0.1:{rtmp_port}/live",
            SRT_PORT=str(srt_port), SRT_URL=f"srt://127.0.0.1:{srt_port}",
            AETHEX_DATA_DIR=str(folder / "data"), **settings,
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        (folder / "data").mkdir()
        shutil.copy(migrated_sqlite(), folder / "data")
        stack = Stack("embedded", url, env["RTMP_URL"], [f"ws://127.0.0.1:{port}"], folder, env)
        command = [sys.executable, "manage.py", "live"]
        stack.processes["live"] = Process("live", command, env, folder / "live.log", f"{url}/healthz")
        with _running(stack):
            yield stack


@contextlib.contextmanager
def full(services: Services, **settings: str) -> Iterator[Stack]:
    """Every line of the Procfile as a process, on a new database, behind nginx on one origin; `settings` are
    added to their environment."""
    with tempfile.TemporaryDirectory(prefix="aethex-full-") as temporary:
        folder = Path(temporary)
        data = folder / "data"
        data.mkdir()
        names = ("front", "web", "socket1", "socket2", "ingest", "edge", "rtmp", "srt")
        ports = {name: free_port() for name in names}
        url = f"http://127.0.0.1:{ports['front']}"
        database_url = services.database_url(f"stack_{ports['front']}")
        create_database(database_url, template=migrated_postgres(database_url))
        shutil.copytree(static_files(services), data / "static")
        settings = {"AETHEX_ENV": "prod"} | settings
        env = environment(
            SECRET_KEY=SECRET_KEY, ALLOWED_HOSTS="127.0.0.1,localhost", SSL_REDIRECT="0",
            TRUSTED_PROXIES="1", CSRF_TRUSTED_ORIGINS=url, DATABASE_URL=database_url,
            REDIS_URL=services.redis_url(1), PUBLIC_URL=url, BIND_HOST="127.0.0.1",
            PORT=str(ports["web"]), WEB_PORT=str(ports["web"]),
            SOCKET1_PORT=str(ports["socket1"]), SOCKET2_PORT=str(ports["socket2"]),
            INGEST_PORT=str(ports["ingest"]), EDGE_PORT=str(ports["edge"]), RTMP_PORT=str(ports["rtmp"]),
            RTMP_URL=f"rtmp://127.0.0.1:{ports['rtmp']}/live", SRT_URL=f"srt://127.0.0.1:{ports['srt']}",
            AETHEX_DATA_DIR=str(data), **settings,
        )  # fmt: skip
        ws_urls = [f"ws://127.0.0.1:{ports[name]}" for name in ("socket1", "socket2")]
        stack = Stack("full", url, env["RTMP_URL"], ws_urls, folder, env)
        for name, command in procfile().items():
            healthz = f"http://127.0.0.1:{ports[name]}/healthz" if name in ports else None
            log = folder / f"{name}.log"
            stack.processes[name] = Process(name, ["sh", "-c", command], env, log, healthz)
        stack.processes["ingest"].env = env | {"SRT_PORT": str(ports["srt"])}
        stack.processes["front"] = front_door(ports, folder, env)
        with _running(stack):
            yield stack


def procfile() -> dict[str, str]:
    """The Procfile: process name → shell command."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def front_door(ports: dict[str, int], folder: Path, env: dict[str, str]) -> Process:
    """nginx with deploy/nginx/aethex.conf as it is shipped; only its ports, its cache folder and
    its log differ."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        raise FileNotFoundError("nginx is not installed (Debian: apt install nginx-light)")
    shipped = (ROOT / "deploy/nginx/aethex.conf").read_text()
    places = {
        "127.0.0.1:8000": f"127.0.0.1:{ports['web']}",
        "127.0.0.1:8101": f"127.0.0.1:{ports['socket1']}",
        "127.0.0.1:8102": f"127.0.0.1:{ports['socket2']}",
        "127.0.0.1:8200": f"127.0.0.1:{ports['ingest']}",
        "127.0.0.1:8300": f"127.0.0.1:{ports['edge']}",
        "listen 80;": f"listen 127.0.0.1:{ports['front']};",
        "/var/cache/nginx/aethex": f"{folder}/cache",
    }
    for theirs, ours in places.items():
        assert theirs in shipped, f"deploy/nginx/aethex.conf no longer says {theirs!r}"
        shipped = shipped.replace(theirs, ours)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/tmp_{kind};" for kind in kinds)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''}\n"
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid;\n"
        f"events {{ worker_connections 4096; }}\n"
        f"http {{ access_log {folder}/access.log; {temporary}\n{shipped}\n}}\n"
    )
    log = folder / "front.log"
    command = [nginx, "-p", str(folder), "-e", str(log), "-c", str(configuration)]
    return Process("front", command, env, log, f"http://127.0.0.1:{ports['front']}/healthz")


@contextlib.contextmanager
def _running(stack: Stack) -> Iterator[None]:
    try:
        stack.start()
        yield
    finally:
        stack.stop()
