"""A picture takes another's place, in files and in object storage: the old file goes, once that is sure."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from PIL import Image

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.channels.models import Category, Channel
from apps.channels.services import edit_channel
from apps.discovery.models import Banner
from tests.stack.objects import object_storage

pytestmark = pytest.mark.django_db(transaction=True)
Upload = Callable[[], SimpleUploadedFile]


@pytest.fixture(scope="module")
def bucket() -> Iterator[tuple[str, Any]]:
    with object_storage("pictures") as found:
        yield found


@pytest.fixture(autouse=True, params=["files", "objects"])
def storage(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Callable[[], set[str]]:
    """Where pictures are kept; what lies there now."""
    if request.param == "files":
        backend = "django.core.files.storage.FileSystemStorage"
        kept = {"BACKEND": backend, "OPTIONS": {"location": tmp_path, "base_url": "/media/"}}
        settings.STORAGES = {**settings.STORAGES, "default": kept}
        return lambda: {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    address, bucket = request.getfixturevalue("bucket")
    options = {
        "bucket_name": "pictures", "endpoint_url": address, "region_name": "us-east-1", "access_key": "x",
        "secret_key": "x", "file_overwrite": True,
    }  # fmt: skip
    kept = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": kept}
    bucket.objects.delete()
    return lambda: {found.key for found in bucket.objects.all()}


@pytest.fixture
def upload() -> Upload:
    def make() -> SimpleUploadedFile:
        out = io.BytesIO()
        Image.new("RGB", (640, 480), "teal").save(out, "PNG")
        return SimpleUploadedFile("picture.png", out.getvalue(), "image/png")

    return make


def test_a_category_s_cover_and_a_banner_s_picture(
    desk: Client, upload: Upload, storage: Callable[[], set[str]]
) -> None:
    music = Category.objects.create(name="Music", slug="tunes")
    page = f"/admin/live_channels/category/{music.pk}/change/"
    form = {"name": "Music", "slug": "tunes", "position": "0", "icon": "", "parent": ""}
    seen: list[str] = []
    for _ in range(2):
        assert desk.post(page, form | {"cover": upload()}).status_code == 302
        music.refresh_from_db()
        assert storage() == {music.cover.name}
        seen.append(music.cover.name)
    assert len(set(seen)) == 2
    refused = desk.post(page, form | {"name": "", "cover": upload()})
    assert refused.status_code == 200 and storage() == {music.cover.name}
    assert desk.post(page, form | {"cover-clear": "on"}).status_code == 302
    assert storage() == set()

    words = {"title": "Hello", "link": "/discover", "link_text": "Look", "position": "0"}
    for _ in range(2):
        desk.post("/admin/discovery/banner/add/", words | {"picture": upload()})
    first, second = Banner.objects.all()
    assert storage() == {first.picture.name, second.picture.name}
    desk.post(f"/admin/discovery/banner/{first.pk}/delete/", {"post": "yes"})
    assert storage() == {second.picture.name}
    chosen = {"action": "delete_selected", "_selected_action": [str(second.pk)], "post": "yes"}
    desk.post("/admin/discovery/banner/", chosen)
    assert storage() == set() and not Banner.objects.exists()


def test_a_person_s_and_a_channel_s_pictures(
    channel: Channel, stranger: User, upload: Upload, storage: Callable[[], set[str]]
) -> None:
    for _ in range(2):
        accounts.edit_profile(actor=stranger, avatar=upload(), banner=upload())
        edit_channel(actor=channel.owner, channel=channel, avatar=upload(), banner=upload())
        stranger.refresh_from_db()
        channel.refresh_from_db()
        held = (stranger.avatar, stranger.banner, channel.avatar, channel.banner, channel.card)
        assert storage() == {picture.name for picture in held}
    accounts.edit_profile(actor=stranger, avatar=None, banner=None)
    edit_channel(actor=channel.owner, channel=channel, avatar=None, banner=None)
    assert storage() == set()


def test_what_is_taken_back_keeps_the_old_ones(channel: Channel, stranger: User, upload: Upload) -> None:
    accounts.edit_profile(actor=stranger, avatar=upload())
    edit_channel(actor=channel.owner, channel=channel, banner=upload())
    with pytest.raises(RuntimeError), transaction.atomic():
        accounts.edit_profile(actor=stranger, avatar=upload())
        edit_channel(actor=channel.owner, channel=channel, banner=None)
        raise RuntimeError
    stranger.refresh_from_db()
    channel.refresh_from_db()
    for picture in (stranger.avatar, channel.banner, channel.card):
        assert default_storage.exists(picture.name)
