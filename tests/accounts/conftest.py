"""The cast of the account tests: people, an API client, pictures."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import User

PASSWORD = "correct horse battery"
Result = TypeVar("Result")


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


def app_code(secret: str, steps: int = 0) -> str:
    """What an authenticator app with `secret` shows now, or some steps of 30 s away from now."""
    _before, now, _after = yield_hotp_counters_from_time()
    return f"{hotp_value(secret, now + steps):06d}"


def at_once(*calls: Callable[[], Result]) -> list[Result]:
    """What each of `calls` returns when they run in threads that start together."""
    start, results = threading.Barrier(len(calls)), {}

    def run(position: int) -> None:
        start.wait()
        try:
            results[position] = calls[position]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == len(calls), "a call has raised"
    return list(results.values())
