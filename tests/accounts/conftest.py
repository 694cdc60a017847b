"""The cast of the account tests: people, an API client, pictures."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import User

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def clean_slate(tmp_path: Path, settings) -> None:
    """Limits start at zero, and pictures go where the test's other files are."""
    cache.clear()
    options = {"location": tmp_path / "media", "base_url": "/media/"}
    default = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": default}


@pytest.fixture
def viewer(db) -> User:
    return services.register_person(username="Vera_1", email="vera@example.org", password=PASSWORD)


@pytest.fixture
def stranger(db) -> User:
    return services.register_person(username="stan", email="stan@example.org", password=PASSWORD)


@pytest.fixture
def api() -> APIClient:
    return APIClient()


@pytest.fixture
def signed_in(viewer: User, api: APIClient) -> dict:
    """The answer of /api/auth/login for `viewer`; `api` carries the access token from now on."""
    answer = api.post("/api/auth/login", {"login": "Vera_1", "password": PASSWORD}, format="json")
    assert answer.status_code == 200, answer.content
    bear(api, answer.json())
    return answer.json()


def bear(api: APIClient, tokens: dict) -> None:
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['accessToken']}")


@pytest.fixture
def picture() -> Callable[..., SimpleUploadedFile]:
    def make(kind: str = "PNG", size: tuple[int, int] = (640, 480), **save: object) -> SimpleUploadedFile:
        out = io.BytesIO()
        Image.new("RGB", size, "#336699").save(out, kind, **save)
        return SimpleUploadedFile(f"me.{kind.lower()}", out.getvalue(), "image/" + kind.lower())

    return make
