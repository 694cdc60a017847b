"""kill -9 of a worker in the middle, and a mail server that is away: what was begun is finished, once."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.stack import running
from tests.stack.environment import ROOT
from tests.stack.mailserver import MailServer
from tests.stack.objects import object_storage
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack
from tests.stack.services import Server, Services, wait_until

BUCKET = "aethex"
READY = "Your data is ready"


@dataclass
class Site:
    """A platform with object storage and a mail server, whose database can be looked into."""

    stack: Stack
    mail_server: MailServer
    bucket: Any

    @contextmanager
    def holding(self, statement: str, *values: object) -> Iterator[Callable[[], bool]]:
        """Hold what this statement locks until the block is left; whether somebody waits for it."""
        with self.database() as ours:
            ours.execute("BEGIN")
            ours.execute(statement, values)  # type: ignore[arg-type]
            yield lambda: self.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0

    def database(self) -> psycopg.Connection:
        return psycopg.connect(self.stack.env["DATABASE_URL"], autocommit=True)

    def change(self, statement: str, *values: object) -> None:
        with self.database() as connection:
            connection.execute(statement, values)  # type: ignore[arg-type]

    def value(self, question: str, *values: object) -> Any:
        with self.database() as connection:
            row = connection.execute(question, values).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None

    def ring(self, task: str) -> None:
        """The schedule's next round of a task, now."""
        call = ["celery", "-A", "aethex", "call", f"apps.{task}"]
        subprocess.run(call, cwd=ROOT, env=self.stack.env, capture_output=True, check=True)

    def files(self, prefix: str) -> list[str]:
        return [found.key for found in self.bucket.objects.filter(Prefix=prefix)]

    def letters_to(self, person: Person) -> list[str]:
        """The subjects of all letters that they got."""
        address = f"{person.username}@example.org"
        return [letter["Subject"] for letter in self.mail_server.taken if letter["To"] == address]


@pytest.fixture(scope="module")
def site(servers: dict[str, Server]) -> Iterator[Site]:
    """Shared by these tests; each leaves its mail server up and its worker running."""
    behind, mail_server = Services(servers["postgres"].port, servers["redis"].port), MailServer()
    mail_server.start()
    try:
        with object_storage(BUCKET) as (address, bucket):
            settings = {
                "S3_BUCKET": BUCKET, "S3_ENDPOINT_URL": address, "S3_PUBLIC_URL": f"{address}/{BUCKET}",
                "S3_ACCESS_KEY": "x", "S3_SECRET_KEY": "x",
                "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail_server.port), "EMAIL_USE_TLS": "0",
            }  # fmt: skip
            with running.full(behind, **settings) as stack:
                yield Site(stack, mail_server, bucket)
    finally:
        mail_server.stop()


@pytest.mark.parametrize(
    ("lock", "has_file"),
    [
        ("LOCK TABLE chat_message IN ACCESS EXCLUSIVE MODE", False),
        ("LOCK TABLE core_outgoingletter IN ACCESS EXCLUSIVE MODE", True),
    ],
    ids=["while it gathers", "once the file is stored"],
)
def test_an_archive_whose_worker_is_killed_is_there_once_and_whole(
    site: Site, lock: str, has_file: bool
) -> None:
    asker = sign_up(site.stack)
    wait_until(lambda: len(site.letters_to(asker)) == 1, "the letter that confirms their address")

    def state() -> str:
        return expect(200, asker.api.get("/api/users/me/export"))["state"]

    with site.holding(lock) as is_waited_for:
        export = expect(202, asker.api.post("/api/users/me/export"))
        wait_until(lambda: state() == "working", "a worker")
        wait_until(lambda: is_waited_for() and bool(site.files("exports/")) is has_file, "the middle")
        site.stack.kill("worker")
    assert state() == "working"

    site.stack.restart("worker")
    # As if its lease had run out: nobody has to wait for five minutes.
    site.change("UPDATE accounts_dataexport SET leased_until = now() WHERE id = %s", export["id"])
    site.ring("accounts.tasks.sweep_exports")
    wait_until(lambda: READY in site.letters_to(asker), "the letter about the file")

    assert len(site.files("exports/")) == 1
    file = asker.api.get("/api/users/me/export/file")
    archive = zipfile.ZipFile(io.BytesIO(file.content))
    assert archive.testzip() is None
    assert asker.username in archive.read("profile.json").decode()
    site.ring("accounts.tasks.sweep_exports")
    site.ring("core.tasks.post_letters")
    wait_until(lambda: site.value("SELECT count(*) FROM core_outgoingletter") == 0, "all letters")
    assert site.letters_to(asker).count(READY) == 1
    expect(202, asker.api.request("DELETE", "/api/users/me", json={"confirmation": asker.username}))
    site.change("UPDATE accounts_user SET deletion_at = now() WHERE id = %s", asker.id)
    site.ring("accounts.tasks.erase_due")
    wait_until(lambda: not site.files("exports/"), "the end of the file, which goes with the account")


def test_a_deletion_whose_worker_is_killed_is_finished_by_the_next(site: Site) -> None:
    leaver, friend = sign_up(site.stack), sign_up(site.stack)
    mine, theirs = leaver.create_channel(), friend.create_channel()
    said = {"content": "I was here", "nonce": "n"}
    expect(201, leaver.api.post(f"/api/channels/{theirs['id']}/messages", json=said))
    expect(202, leaver.api.request("DELETE", "/api/users/me", json={"confirmation": leaver.username}))
    site.change("UPDATE accounts_user SET deletion_at = now() WHERE id = %s", leaver.id)
    with site.holding("SELECT 1 FROM accounts_user WHERE id = %s FOR UPDATE", leaver.id) as is_waited_for:
        site.ring("accounts.tasks.erase_due")
        wait_until(is_waited_for, "the worker")
        site.stack.kill("worker")
        assert friend.api.get(f"/api/channels/{mine['slug']}").status_code == 404
        assert site.value("SELECT count(*) FROM live_channels_channel WHERE id = %s", mine["id"]) == 0
        assert site.value("SELECT count(*) FROM accounts_user WHERE id = %s", leaver.id) == 1

    site.stack.restart("worker")
    site.ring("accounts.tasks.erase_due")
    gone = "SELECT count(*) FROM accounts_user WHERE id = %s"
    wait_until(lambda: site.value(gone, leaver.id) == 0, "the end of the account")
    messages = expect(200, friend.api.get(f"/api/channels/{theirs['id']}/messages"))["data"]
    assert [(each["content"], each["user"]["displayName"]) for each in messages] == [
        ("I was here", "Deleted account")
    ]
    wait_until(lambda: "Your account is deleted" in site.letters_to(leaver), "the last letter")
    assert site.letters_to(leaver).count("Your account is deleted") == 1


def test_nobody_waits_for_a_mail_server_that_is_away_and_its_letters_come_when_it_is_back(
    site: Site,
) -> None:
    site.mail_server.stop()
    newcomer = sign_up(site.stack)
    tried = 'SELECT tries FROM core_outgoingletter WHERE "to" = %s'
    address = f"{newcomer.username}@example.org"
    wait_until(lambda: site.value(tried, address), "a try")
    assert site.letters_to(newcomer) == []
    site.mail_server.start()
    wait_until(lambda: site.letters_to(newcomer), "the letter", 45)
    wait_until(lambda: site.value("SELECT count(*) FROM core_outgoingletter") == 0, "all letters")
    assert len(site.letters_to(newcomer)) == 1
