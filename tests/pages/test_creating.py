"""The dashboard, its key and its forms: what was typed stays, and what is wrong is named with the way out."""

from __future__ import annotations

import html
import io
import re

import pytest
from django.test import Client
from PIL import Image

from apps.channels.models import Channel
from apps.streams import services
from apps.streams.models import Broadcast, IngestRefusal, Status
from tests import factories

KEY = re.compile(r"live_[0-9a-f]{40}")
DASHBOARD = "/dashboard/night-shift"
SETTINGS = {"name": "Night shift", "slug": "night-shift", "language": "en", "visibility": "public"}


def text_of(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


def picture(kind: str = "PNG") -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (300, 300), "#226688").save(file, kind)
    file.seek(0)
    file.name = f"face.{kind.lower()}"
    return file


def test_the_key_is_hidden_until_asked_for_and_never_cached(channel: Channel, owner: Client) -> None:
    key = services.reveal_key(actor=channel.owner, channel=channel)
    assert not KEY.search(text_of(owner.get(DASHBOARD)))
    shown = owner.post(f"{DASHBOARD}/key")
    assert KEY.search(text_of(shown)).group() == key  # type: ignore[union-attr]
    assert "no-store" in shown.headers["Cache-Control"]
    assert not KEY.search(text_of(owner.get(DASHBOARD)))


def test_a_new_key_replaces_the_old_one(channel: Channel, owner: Client) -> None:
    old = services.reveal_key(actor=channel.owner, channel=channel)
    answer = text_of(owner.post(f"{DASHBOARD}/key/rotate"))
    new = KEY.search(answer).group()  # type: ignore[union-attr]
    assert new != old
    assert services.reveal_key(actor=channel.owner, channel=channel) == new
    assert "The old one has stopped working" in answer


def test_the_backup_key_is_one_of_its_own(channel: Channel, owner: Client) -> None:
    backup = re.compile(r"backup_[0-9a-f]{40}")
    assert not backup.search(text_of(owner.get(DASHBOARD)))
    shown = owner.post(f"{DASHBOARD}/backup-key")
    key = backup.search(text_of(shown)).group()  # type: ignore[union-attr]
    assert not KEY.search(text_of(shown))
    assert "no-store" in shown.headers["Cache-Control"]
    answer = text_of(owner.post(f"{DASHBOARD}/backup-key/rotate"))
    assert backup.search(answer).group() != key  # type: ignore[union-attr]
    assert "The old one has stopped working" in answer


def test_announcing_waits_for_the_encoder(channel: Channel, owner: Client) -> None:
    answer = owner.post(
        f"{DASHBOARD}/broadcast",
        {"title": "First light", "category": "music", "tags": "Dawn, ambient", "description": "Slowly."},
        follow=True,
    )
    broadcast = Broadcast.objects.get()
    assert (broadcast.title, broadcast.tags, broadcast.status) == (
        "First light",
        ["dawn", "ambient"],
        "OFFLINE",
    )
    assert "Waiting for your encoder" in text_of(answer)
    assert 'value="First light"' in text_of(answer)


def test_the_title_changes_while_live(channel: Channel, owner: Client) -> None:
    broadcast = factories.live(channel)
    owner.post(f"{DASHBOARD}/broadcast", {"title": "Second wind", "category": "gaming", "tags": ""})
    broadcast.refresh_from_db()
    assert (broadcast.title, broadcast.status, broadcast.tags) == ("Second wind", Status.LIVE, [])
    assert broadcast.category and broadcast.category.slug == "gaming"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"title": ""}, "This can't be empty."),
        ({"title": "x" * 141}, "at most 140 characters"),
        ({"title": "Good", "tags": ",".join(f"tag{n}" for n in range(11))}, "Use at most 10 tags (11 now)."),
        ({"title": "Good", "tags": "x" * 26}, "Use at most 25 characters (26 now)."),
        ({"title": "Good", "category": "unheard-of"}, "Select a valid choice"),
    ],
)
def test_a_refused_broadcast_form_names_the_rule_and_keeps_what_was_typed(
    typed: dict[str, str], reason: str, channel: Channel, owner: Client
) -> None:
    answer = owner.post(f"{DASHBOARD}/broadcast", {"description": "Keep me", **typed})
    page = text_of(answer)
    assert answer.status_code == 422
    assert reason in page
    assert 'aria-invalid="true"' in page
    assert "Keep me" in page
    assert not Broadcast.objects.exists()


def test_the_owner_ends_the_stream_from_the_page(channel: Channel, owner: Client) -> None:
    broadcast = factories.live(channel)
    answer = owner.post(f"{DASHBOARD}/end", follow=True)
    broadcast.refresh_from_db()
    assert broadcast.status == Status.ARCHIVED
    assert "The stream is over." in text_of(answer)
    assert owner.post(f"{DASHBOARD}/end").status_code == 404


def test_the_dashboard_tells_why_an_encoder_was_turned_away(channel: Channel, owner: Client) -> None:
    IngestRefusal.objects.create(channel=channel, code="KEY_ROTATED", message="This stream key was replaced.")
    assert "This stream key was replaced." in text_of(owner.get(DASHBOARD))


def test_a_channel_is_created_with_the_address_that_its_name_suggests(stranger: Client) -> None:
    answer = stranger.post("/dashboard/new", {"name": "Café au lait", "slug": "", "category": "music"})
    assert answer.headers["Location"] == "/dashboard/cafe-au-lait"


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        ({"name": "N"}, "name", "at least 2 characters"),
        ({"name": "Fine", "slug": "No spaces!"}, "slug", "Use 3 to 40 of a–z, 0–9, - and _"),
        ({"name": "Fine", "slug": "night-shift"}, "slug", "Already taken. Choose another."),
        ({"name": "night SHIFT", "slug": "other"}, "name", "Already taken. Choose another."),
        ({"name": "Fine", "slug": "admin"}, "slug", "Reserved."),
    ],
)
def test_a_refused_channel_names_the_field_and_keeps_what_was_typed(
    typed: dict[str, str], field: str, reason: str, channel: Channel, stranger: Client
) -> None:
    answer = stranger.post("/dashboard/new", {**typed, "description": "Keep me"})
    page = text_of(answer)
    assert answer.status_code == 422
    error = re.search(rf'id="id_{field}_error">(.*?)</div>', page, re.S)
    assert error and reason in error.group(1)
    assert "Keep me" in page
    assert Channel.objects.count() == 1


def test_settings_change_everything_at_once(channel: Channel, owner: Client) -> None:
    changed = {
        **SETTINGS,
        "name": "Day shift",
        "tags": "sun",
        "language": "fr",
        "visibility": "unlisted",
        "is_mature": "on",
        "description": "Two\nlines",
        "category": "gaming",
        "avatar": picture(),
        "banner": picture("JPEG"),
    }
    assert owner.post(f"{DASHBOARD}/settings", changed).status_code == 302
    channel.refresh_from_db()
    assert (channel.name, channel.tags, channel.language) == ("Day shift", ["sun"], "fr")
    assert (channel.visibility, channel.is_mature) == ("unlisted", True)
    assert channel.category and channel.category.slug == "gaming"
    assert channel.avatar_url.endswith(".webp")
    assert channel.banner_url.endswith(".webp")
    owner.post(f"{DASHBOARD}/settings", {**SETTINGS, "avatar-clear": "on"})
    channel.refresh_from_db()
    assert not channel.avatar
    assert channel.banner


def test_a_file_that_is_no_picture_is_refused_at_its_field(channel: Channel, owner: Client) -> None:
    file = io.BytesIO(b"<svg onload=alert(1)>")
    file.name = "face.png"
    answer = owner.post(f"{DASHBOARD}/settings", {**SETTINGS, "name": "Kept name", "avatar": file})
    page = text_of(answer)
    assert answer.status_code == 422
    assert 'id="id_avatar_error"' in page
    assert 'value="Kept name"' in page
    channel.refresh_from_db()
    assert not channel.avatar


def test_deleting_needs_the_address_typed(channel: Channel, owner: Client) -> None:
    answer = owner.post(f"{DASHBOARD}/delete", {"confirmation": "night"})
    assert answer.status_code == 422
    assert "Type night-shift to delete this channel." in text_of(answer)
    assert "This can't be empty." in text_of(owner.post(f"{DASHBOARD}/delete", {}))
    assert Channel.objects.exists()
    assert owner.post(f"{DASHBOARD}/delete", {"confirmation": "night-shift"}).status_code == 302
    assert not Channel.objects.exists()
