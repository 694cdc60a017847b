"""Socket processes as they run in production, and clients that speak to them over TCP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import websockets
from django.test import override_settings
from websockets.asyncio.client import ClientConnection, connect

from apps.accounts import tickets
from apps.accounts.sessions import SignIn
from tests.stack.environment import ROOT, SECRET_KEY, environment
from tests.stack.prepared import migrated_postgres, migrated_sqlite
from tests.stack.running import Process, Stack
from tests.stack.services import Services, create_database, free_port

SEED = """
import json, sys
from apps.moderation.services import replace_rules
from tests import factories
people = [factories.person(f"p{n}") for n in range(int(sys.argv[1]))]
sign_ins = factories.sign_ins(people)
channel = factories.channel(people[0], "Night drive")
# The people of these tests repeat themselves.
rules = [{"kind": kind, "is_on": False} for kind in ("similarity", "repetition")]
replace_rules(actor=people[0], channel=channel, rules=rules)
print(json.dumps({"sign_ins": [[str(s.user_id), s.session_key] for s in sign_ins], "slug": channel.slug}))
"""


class Sockets:
    """Some socket processes on one database, a channel, and people to write in it."""

    def __init__(self, stack: Stack, people: int = 12) -> None:
        self.stack = stack
        self.ports = [int(url.rpartition(":")[2]) for url in stack.ws_urls]
        seeded = running_python(stack, SEED, str(people))
        self.sign_ins = [SignIn(uuid.UUID(user), key) for user, key in seeded["sign_ins"]]
        self.people = [each.user_id.hex for each in self.sign_ins]
        self.slug: str = seeded["slug"]

    def address(self, process: int = 0, *, who: int | None = None, after: int | None = None) -> str:
        """The room at one of the processes; `who` is the number of a person, whose ticket it then carries."""
        parameters = []
        if who is not None:
            with override_settings(SECRET_KEY=SECRET_KEY):
                parameters.append(f"ticket={tickets.issue(self.sign_ins[who])}")
        if after is not None:
            parameters.append(f"after={after}")
        port = self.ports[process % len(self.ports)]
        return f"ws://127.0.0.1:{port}/ws/channels/{self.slug}?{'&'.join(parameters)}"

    def dial(self, process: int = 0, **options: Any) -> AbstractAsyncContextManager[ClientConnection]:
        """An open connection to the room."""
        return connect(self.address(process, **options), compression=None, proxy=None, open_timeout=10)

    def stored(self) -> list[tuple[int, str]]:
        """Number and text of every message in the database."""
        return [
            (seq, content)
            for seq, content in running_python(
                self.stack,
                "import json\nfrom apps.chat.models import Message\n"
                'rows = Message.objects.order_by("seq").values_list("seq", "content")\n'
                "print(json.dumps(list(rows)))",
            )
        ]


def running_python(stack: Stack, code: str, *arguments: str) -> Any:
    """The JSON that `code` prints, run with the stack's settings."""
    setup = "import django\ndjango.setup()\n"
    done = subprocess.run(
        [sys.executable, "-c", setup + code, *arguments],
        cwd=ROOT,
        env=stack.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def socket_processes(services: Services | None, **settings: str) -> Iterator[Sockets]:
    """Two processes on PostgreSQL and Redis, or without `services` one on SQLite."""
    with tempfile.TemporaryDirectory(prefix="aethex-sockets-") as temporary:
        folder = Path(temporary)
        ports = [free_port() for _ in range(2 if services else 1)]
        backing = {}
        if services:
            database_url = services.database_url(f"sockets_{ports[0]}")
            create_database(database_url, template=migrated_postgres(database_url))
            backing = {"DATABASE_URL": database_url, "REDIS_URL": services.redis_url(2)}
        else:
            (folder / "data").mkdir()
            shutil.copy(migrated_sqlite(), folder / "data")
        env = environment(
            SECRET_KEY=SECRET_KEY, BIND_HOST="127.0.0.1", AETHEX_DATA_DIR=str(folder / "data"),
            **backing, **settings,
        )  # fmt: skip
        urls = [f"ws://127.0.0.1:{port}" for port in ports]
        stack = Stack("full" if services else "embedded", "", "", urls, folder, env)
        sockets = Sockets(stack)
        for number, port in enumerate(ports, 1):
            command = [sys.executable, "manage.py", "sockets", "--port", str(port)]
            name, healthz = f"socket{number}", f"http://127.0.0.1:{port}/healthz"
            stack.processes[name] = Process(name, command, env, folder / f"{name}.log", healthz)
        try:
            stack.start()
            yield sockets
        finally:
            stack.stop()


async def frames(line: ClientConnection) -> Any:
    """Every event of an open connection, one after the other."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async for text in line:
            content = json.loads(text)
            for frame in content if isinstance(content, list) else [content]:
                yield frame


async def next_of(line: ClientConnection, type: str, seconds: float = 10) -> dict[str, Any]:
    """The payload of the next event of this type."""
    async with asyncio.timeout(seconds):
        async for frame in frames(line):
            if frame["type"] == type:
                return frame["payload"]
    raise AssertionError(f"the socket closed ({line.close_code}) before a {type} came")


async def say(line: ClientConnection, content: str, nonce: str) -> None:
    payload = {"content": content, "nonce": nonce}
    await line.send(json.dumps({"type": "chat:send", "payload": payload}))


async def close_code(line: ClientConnection, seconds: float = 10) -> int | None:
    """The code that the server closed with."""
    async with asyncio.timeout(seconds):
        await line.wait_closed()
    return line.close_code
