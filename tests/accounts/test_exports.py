"""Somebody asks for all that is kept of them, and gets one file that they can read, alone and for a week."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import archive, services
from apps.accounts.models import DataExport, User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.channels.services import follow_channel
from apps.chat import services as chat
from apps.moderation import services as moderation
from tests import factories
from tests.accounts.conftest import at_once

pytestmark = pytest.mark.django_db
LOGIN = {"login": "asker", "password": factories.PASSWORD}
HOSTILE = "=cmd|' /C calc'!A0"


@pytest.fixture(autouse=True)
def private_files(settings, tmp_path: Path, clean_slate: None) -> Path:
    folder = tmp_path / "exports"
    backend = "django.core.files.storage.FileSystemStorage"
    exports = {"BACKEND": backend, "OPTIONS": {"location": folder, "allow_overwrite": True}}
    settings.STORAGES = {**settings.STORAGES, "exports": exports}
    return folder


@pytest.fixture
def asker(db: None) -> User:
    return factories.person("asker", display_name="<script>alert(1)</script>")


@pytest.fixture
def browser(asker: User) -> Client:
    """Signed in a moment ago."""
    client = Client()
    client.post("/auth/login", LOGIN)
    return client


def asked_and_built(asker: User) -> DataExport:
    export = services.ask_for_export(actor=asker)
    assert services.build_export(export_id=export.pk)
    export.refresh_from_db()
    return export


def opened(export: DataExport) -> zipfile.ZipFile:
    with storages["exports"].open(export.file_name) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def table(files: zipfile.ZipFile, name: str) -> list[dict]:
    rows = json.loads(files.read(f"{name}.json"))
    if rows:
        sheet = list(csv.DictReader(io.TextIOWrapper(files.open(f"{name}.csv"), "utf-8")))
        assert [list(row) for row in sheet] == [list(row) for row in rows]
    return rows


def test_from_the_button_to_the_file(browser: Client, asker: User, posted) -> None:
    page = browser.post("/settings/data/export", follow=True).content.decode()
    assert "It is being gathered." in page
    (letter,) = posted(lambda: services.build_export(export_id=DataExport.objects.get().pk))
    assert (letter.to, letter.subject) == (["asker@example.org"], "Your data is ready")
    address = re.search(r"https?://[^/]+(/settings/data/files/\S+)", letter.body)[1]
    page = browser.get("/settings/data").content.decode()
    assert "Download the archive" in page
    answer = browser.get(address)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="aethex-live-asker-')
    assert answer.headers["Cache-Control"] == "private, no-store"
    files = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert files.testzip() is None
    assert table(files, "profile")[0]["username"] == "asker"


def test_it_holds_what_every_app_keeps_and_nothing_that_is_others_or_opens_doors(
    asker: User, channel: Channel, stranger: User, picture, posted
) -> None:
    mine = factories.channel(asker, "Mine")
    factories.live(mine)
    services.edit_profile(actor=asker, avatar=picture())
    follow_channel(actor=asker, channel=channel)
    services.follow_person(actor=asker, person=stranger)
    services.block_person(actor=asker, person=factories.person("pest"))
    ChannelRole.objects.create(channel=channel, user=asker, role=Role.VIP)
    chat.send_message(actor=asker, channel=channel, content=HOSTILE, nonce="n")
    chat.send_message(actor=stranger, channel=channel, content="not theirs", nonce="n")
    moderation.warn(actor=channel.owner, channel=channel, user=asker, reason="Mind the tone")
    moderation.write_note(actor=channel.owner, channel=channel, user=asker, text="A secret note")
    moderation.report(actor=asker, kind="person", subject_id=stranger.pk, reason="spam", channel=channel)
    moderation.report(
        actor=stranger, kind="person", subject_id=asker.pk, reason="hate", words="That one!", channel=channel
    )
    asker.refresh_from_db()
    files = opened(asked_and_built(asker))

    assert [row["slug"] for row in table(files, "channels")] == ["mine"]
    assert [row["channel"] for row in table(files, "channels_you_follow")] == [channel.slug]
    assert [row["person"] for row in table(files, "people_you_follow")] == ["stan"]
    assert [row["person"] for row in table(files, "blocks")] == ["pest"]
    assert [row["role"] for row in table(files, "your_roles")] == ["vip"]
    assert [row["channel"] for row in table(files, "broadcasts")] == ["mine"]
    assert [row["content"] for row in table(files, "chat_messages")] == [HOSTILE]
    assert [row["reason"] for row in table(files, "sanctions")] == ["Mind the tone"]
    assert [row["reason"] for row in table(files, "reports")] == ["spam"]
    assert "channel.created" in [row["action"] for row in table(files, "log")]
    assert files.read("pictures/avatar.webp")[8:12] == b"WEBP"
    everything = "".join(files.read(name).decode("utf-8", "replace") for name in files.namelist())
    for secret in ("A secret note", "That one!", "not theirs", asker.password, "md5$"):
        assert secret not in everything
    # To a spreadsheet it is text.
    assert f"'{HOSTILE}" in files.read("chat_messages.csv").decode()
    index = files.read("index.html").decode()
    assert "<script>" not in index
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in index
    for name in files.namelist():
        if name.endswith(".csv"):
            assert f'href="{name}"' in index


def test_a_long_table_is_all_there_and_its_beginning_in_the_index(asker: User, channel: Channel) -> None:
    from apps.chat.models import ChatRoom, Message

    room, _ = ChatRoom.objects.get_or_create(channel=channel)
    now = timezone.now()
    Message.objects.bulk_create(
        Message(room=room, seq=n, user=asker, content=f"line {n}", nonce=str(n), created_at=now)
        for n in range(1, 2501)
    )
    files = opened(asked_and_built(asker))
    assert len(table(files, "chat_messages")) == 2500
    assert f"And {2500 - archive.SHOWN} more" in files.read("index.html").decode()


def test_one_at_a_time_and_one_a_day(browser: Client, asker: User) -> None:
    first = services.ask_for_export(actor=asker)
    assert services.ask_for_export(actor=asker) == first
    assert services.build_export(export_id=first.pk)
    assert not services.build_export(export_id=first.pk)
    page = browser.post("/settings/data/export", follow=True).content.decode()
    assert "Ask for the next one tomorrow." in page
    DataExport.objects.update(asked_at=timezone.now() - timedelta(days=1, minutes=1))
    assert services.ask_for_export(actor=asker) != first


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_ask_for_one() -> None:
    asker = factories.person("asker")
    found = at_once(*[lambda: services.ask_for_export(actor=asker)] * 3)
    assert len({export.pk for export in found}) == 1


def test_nobody_else_gets_it_and_nobody_after_a_week(
    browser: Client, asker: User, private_files: Path, time_machine
) -> None:
    export = asked_and_built(asker)
    address = f"/settings/data/files/{services.export_token(export)}"
    assert Client().get(address).status_code == 302
    factories.person("thief")
    thief = Client()
    thief.post("/auth/login", {"login": "thief", "password": factories.PASSWORD})
    assert thief.get(address).status_code == 404
    assert browser.get(f"/settings/data/files/{export.pk}").status_code == 404
    assert browser.get(address).status_code == 200
    assert list(private_files.rglob("*.zip"))

    time_machine.move_to(timezone.now() + timedelta(days=7, minutes=1))
    late = Client()
    late.post("/auth/login", LOGIN)
    assert late.get(address).status_code == 404
    services.sweep_exports()
    assert list(private_files.rglob("*.zip")) == []
    assert not DataExport.objects.exists()


def test_what_a_worker_left_behind_is_begun_anew_and_given_up_in_the_end(asker: User, posted) -> None:
    export = services.ask_for_export(actor=asker)
    assert services.sweep_exports() == []  # a worker has heard of it a moment ago
    DataExport.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert services.sweep_exports() == [export.pk]
    # Claimed, and killed in the middle.
    DataExport.objects.update(state="working", leased_until=timezone.now() + timedelta(minutes=1), tries=1)
    assert services.sweep_exports() == []
    assert not services.build_export(export_id=export.pk)
    DataExport.objects.update(leased_until=timezone.now())
    assert services.sweep_exports() == [export.pk]
    assert services.build_export(export_id=export.pk)
    assert services.sweep_exports() == []

    DataExport.objects.update(state="working", leased_until=timezone.now(), tries=3, expires_at=None)
    (letter,) = posted(services.sweep_exports)
    assert letter.subject == "Your data could not be gathered"
    assert services.ask_for_export(actor=asker) != export


def test_storage_that_is_away_is_tried_again(asker: User, settings, private_files: Path) -> None:
    private_files.write_text("in the way")  # a file where the folder belongs
    export = services.ask_for_export(actor=asker)
    assert not services.build_export(export_id=export.pk)
    private_files.unlink()
    DataExport.objects.update(leased_until=timezone.now())
    assert services.sweep_exports() == [export.pk]
    assert services.build_export(export_id=export.pk)


def test_an_app_gets_it_too(asker: User) -> None:
    phone = APIClient()
    assert phone.post("/api/users/me/export").status_code == 401
    tokens = phone.post("/api/auth/login", LOGIN).json()
    phone.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['accessToken']}")
    assert phone.get("/api/users/me/export").json()["code"] == "NO_EXPORT"
    made = phone.post("/api/users/me/export")
    assert (made.status_code, made.json()["state"]) == (202, "waiting")
    assert phone.get("/api/users/me/export/file").status_code == 404
    services.build_export(export_id=made.json()["id"])
    told = phone.get("/api/users/me/export").json()
    file = b"".join(phone.get("/api/users/me/export/file").streaming_content)
    assert (told["state"], told["sizeBytes"]) == ("ready", len(file))
    assert zipfile.ZipFile(io.BytesIO(file)).testzip() is None
    again = phone.post("/api/users/me/export")
    assert (again.status_code, again.json()["code"]) == (429, "TOO_MANY")


def test_it_goes_with_the_account(asker: User, private_files: Path) -> None:
    asked_and_built(asker)
    services.close_account(actor=asker, confirmation="asker")
    User.objects.update(deletion_at=timezone.now())
    assert services.erase_due() == 1
    assert list(private_files.rglob("*.zip")) == []


class ErasedMeanwhile(FileSystemStorage):
    """Whoever's file is stored here has just left for good."""

    def _save(self, name, content):
        assert services.erase_due() == 1
        return super()._save(name, content)


class BuiltMeanwhile(FileSystemStorage):
    """A worker begins with a file that has just been removed here."""

    def delete(self, name):
        super().delete(name)
        services.build_export(export_id=DataExport.objects.get().pk)


@pytest.mark.parametrize("meanwhile", [ErasedMeanwhile, BuiltMeanwhile])
def test_no_file_stays_of_who_leaves_while_it_is_made(
    asker: User, settings, private_files: Path, meanwhile: type[FileSystemStorage]
) -> None:
    exports = settings.STORAGES["exports"] | {"BACKEND": f"{__name__}.{meanwhile.__name__}"}
    settings.STORAGES = settings.STORAGES | {"exports": exports}
    export = services.ask_for_export(actor=asker)
    services.close_account(actor=asker, confirmation="asker")
    User.objects.update(deletion_at=timezone.now())
    if meanwhile is ErasedMeanwhile:
        services.build_export(export_id=export.pk)
    else:
        assert services.erase_due() == 1
    assert not DataExport.objects.exists()
    assert list(private_files.rglob("*.zip")) == []
