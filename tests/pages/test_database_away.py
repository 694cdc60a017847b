"""A database that refuses every connection: everybody hears so, and when to try again."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import DjangoDbBlocker

from tests import factories
from tests.stack.services import free_port

WITHOUT_SESSION = {"api/auth/register", "api/auth/login", "api/auth/refresh"}
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def away(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """From now on the database is a server that is not there."""
    there = connections["default"]
    address = {
        "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": str(free_port()),
        "NAME": "gone", "USER": "nobody", "PASSWORD": "", "OPTIONS": {"connect_timeout": 2},
    }  # fmt: skip
    connections["default"] = DatabaseWrapper({**there.settings_dict, **address}, "default")
    try:
        with django_db_blocker.unblock():
            yield
    finally:
        connections["default"] = there


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every address of the API, with something in each of its places, and the view behind it."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern) and path.startswith("api/") and not path.endswith(".*$"):
            filled = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), path)
            yield re.sub(r"<(\w+:)?\w+>", "something", filled), entry.callback


def require_unavailable(answer: Any, what: str) -> None:
    assert answer.status_code == 503, f"{what}: {answer.status_code} {answer.content[:300]!r}"
    assert int(answer["Retry-After"]) > 0, what
    body = answer.json()
    assert (body["error"], body["code"], body["status"]) == (True, "STORE_UNAVAILABLE", 503), what
    assert "Try again" in body["message"] and body["retryAfter"] > 0, what
    assert "connection" not in body["message"].lower() and "Traceback" not in answer.content.decode(), what


@pytest.mark.django_db
def test_every_route_of_the_api_says_so_to_who_is_signed_in(client: Client, request: Any) -> None:
    client.force_login(factories.person())
    request.getfixturevalue("away")
    asked = 0
    for path, callback in routes():
        if path == "api/docs":  # a page, which shows the schema
            continue
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
        for method in METHODS:
            if hasattr(view, method):
                asked += 1
                answer = getattr(client, method)(
                    f"/{path}", content_type="application/json", headers={"accept": "application/json"}
                )
                # These ask for no session, and what they need is missing: a body, or a provider.
                if path in WITHOUT_SESSION and answer.status_code in (400, 401):
                    continue
                if "webhooks" in path and answer.json()["code"] == "PROVIDER_OFF":
                    continue
                require_unavailable(answer, f"{method} {path}")
    assert asked > 50


def test_a_stranger_who_reads_hears_so(away: None, client: Client) -> None:
    for path in ("channels", "channels/night-drive", "streams", "stream/status?channel=a", "categories"):
        require_unavailable(client.get(f"/api/{path}"), path)
    answer = client.post(
        "/api/auth/login", {"login": "a@b.example", "password": "x"}, content_type="application/json"
    )
    require_unavailable(answer, "sign-in")


@pytest.mark.django_db
def test_the_pages_of_who_is_signed_in_say_so_too(client: Client, request: Any) -> None:
    client.force_login(factories.person())
    request.getfixturevalue("away")
    for path in ("/", "/settings", "/dashboard/night-drive/moderation"):
        require_page(client.get(path))


def test_a_page_says_so_in_words(away: None, client: Client) -> None:
    for path in ("/", "/streams/night-drive", "/chat/night-drive"):
        require_page(client.get(path))
    assert client.get("/healthz").status_code == 503


def require_page(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer["Content-Type"].startswith("text/html") and int(answer["Retry-After"]) > 0
    page = answer.content.decode()
    assert "Back in a moment" in page and "Try again" in page
    assert "Traceback" not in page and "OperationalError" not in page


def test_a_bug_stays_a_bug(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("apps.core.throttles.Window.allow_request", broken)
    answer = client.get("/api/channels")
    assert (answer.status_code, answer.json()["code"]) == (500, "SERVER_ERROR")


@pytest.mark.django_db
def test_a_question_that_makes_no_sense_is_a_bug_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one class of errors for a table that is not there and for a file that is locked."""

    def broken(*args: Any, **kwargs: Any) -> None:
        connections["default"].cursor().execute("SELECT 1 FROM no_such_table")

    monkeypatch.setattr("apps.core.throttles.Window.allow_request", broken)
    answer = client.get("/api/channels")
    assert (answer.status_code, answer.json()["code"]) == (500, "SERVER_ERROR")


def test_a_locked_database_is_one_that_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def locked(*args: Any, **kwargs: Any) -> None:
        with (
            closing(sqlite3.connect(tmp_path / "db")) as one,
            closing(sqlite3.connect(tmp_path / "db")) as two,
        ):
            one.execute("BEGIN IMMEDIATE")
            two.execute("PRAGMA busy_timeout = 0")
            try:
                two.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise OperationalError(str(error)) from error

    monkeypatch.setattr("apps.core.throttles.Window.allow_request", locked)
    require_unavailable(client.get("/api/channels"), "locked")
    assert "in locked" in caplog.text  # where it happened


def test_a_developer_sees_what_the_database_said(away: None, client: Client, settings: Any) -> None:
    settings.DEBUG = True
    answer = client.get("/streams/night-drive")
    assert answer.status_code == 500 and "OperationalError" in answer.content.decode()
