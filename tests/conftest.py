"""What every test may ask for: the platform itself, running, in the mode that --stack names.

`pytest` runs on the embedded default. `pytest --stack=full` runs what could behave otherwise there on
PostgreSQL and Redis with every process on its own; `make test` does both. Whoever asks for the platform gets
the marker `stack`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from rest_framework.test import APIClient

from apps.core.posting import post_letters
from tests import database, factories, properties  # noqa: F401  the number of tries holds for all tests
from tests.stack import running
from tests.stack.services import Services, services

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.channels.models import Channel

MODES = ("embedded", "full")
# What these say does not hang on database, Redis or processes, or they try memory and a Redis of their own:
# with one run everything is said. (How pictures are claimed and kept on PostgreSQL,
# tests/stack/test_pictures.py says; what pages ask of it, the matrix of routes, which has a row for each.)
WITHOUT_MODE = (
    "tests/accounts/test_uploads.py",
    "tests/architecture/test_bootstrap.py",
    "tests/architecture/test_house.py",
    "tests/architecture/test_second_look.py",
    "tests/chat/test_content.py",
    "tests/chat/test_rules.py",
    "tests/chat/test_wire.py",
    "tests/core/test_environment.py",
    "tests/core/test_front.py",
    "tests/core/test_presence.py",
    "tests/core/test_ratelimit.py",
    "tests/core/test_realtime_gather.py",
    "tests/core/test_realtime_incoming.py",
    "tests/core/test_realtime_server.py",
    "tests/core/test_realtime_topic.py",
    "tests/core/test_settings.py",
    "tests/core/test_text.py",
    "tests/e2e/modules/",
    "tests/e2e/players/",
    "tests/fuzz/",
    "tests/load/",
    "tests/moderation/automod/",
    "tests/pages/test_chat_page.py",
    "tests/pages/test_creating.py",
    "tests/pages/test_database_away.py",
    "tests/pages/test_design.py",
    "tests/pages/test_dock.py",
    "tests/pages/test_every_page.py",
    "tests/pages/test_face.py",
    "tests/pages/test_moderation_rules.py",
    "tests/pages/test_modes.py",
    "tests/pages/test_rehearsing.py",
    "tests/pages/test_robots.py",
    "tests/pages/test_trouble.py",
    "tests/pages/test_watching.py",
    "tests/pages/test_who_sees_what.py",
    "tests/routes/test_admin_doors.py",
    "tests/routes/test_openapi.py",
    "tests/routes/test_queries.py",
    "tests/streams/media/",
    "tests/streams/providers/test_adapters.py",
    "tests/streams/pictures/",
    "tests/streams/vitals/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        choices=MODES,
        default="embedded",
        help="how the platform runs in tests that drive it from outside (default: embedded)",
    )


def pytest_configure() -> None:
    # A developer's own proxy must not stand between a test and this machine.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    # One line a request would bury what a failed test has to say.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stack_mode" in metafunc.fixturenames:
        metafunc.parametrize("stack_mode", [metafunc.config.getoption("--stack")], scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--stack") == "full":
        once = [item for item in items if item.nodeid.startswith(WITHOUT_MODE)]
        config.hook.pytest_deselected(items=once)
        items[:] = [item for item in items if not item.nodeid.startswith(WITHOUT_MODE)]
    for item in items:
        if "stack_mode" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.stack)
    # The quick tests first: what is broken in the small is not worth a tour through all processes.
    items.sort(key=lambda item: bool(item.get_closest_marker("stack") or item.get_closest_marker("browser")))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        database.create()


@pytest.fixture(autouse=True)
def fresh_counters(request: pytest.FixtureRequest) -> None:
    """Rate limits and other counters of the cache start at zero in every test that runs in this process."""
    if "stack" not in request.fixturenames:
        cache.clear()


@pytest.fixture(scope="session")
def private_services() -> Iterator[Services]:
    """A private PostgreSQL and Redis, apart from those that DATABASE_URL and REDIS_URL may name."""
    with services() as started:
        yield started


@pytest.fixture(scope="session")
def stack(stack_mode: str, request: pytest.FixtureRequest) -> Iterator[running.Stack]:
    """The whole platform, shared by the session: leave it running, and trust no row you did not make."""
    if stack_mode == "embedded":
        with running.embedded() as started:
            yield started
    else:
        with running.full(request.getfixturevalue("private_services")) as started:
            yield started


@pytest.fixture
def posted(django_capture_on_commit_callbacks: Any) -> Callable[[Callable[[], object]], list[EmailMessage]]:
    """`posted(deed)`: do the deed, let it commit, have a worker post, and return the letters."""

    def letters_of(deed: Callable[[], object]) -> list[EmailMessage]:
        post_letters()
        before = len(mail.outbox)
        with django_capture_on_commit_callbacks(execute=True):
            deed()
        post_letters()
        return mail.outbox[before:]

    return letters_of


@pytest.fixture(autouse=True)
def listed_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is signed in by force has a place in the list of sessions, as after any other way of signing in."""
    log_in = Client._login  # type: ignore[attr-defined]

    def log_in_and_list(self: Client, user: User, backend: str | None = None) -> None:
        log_in(self, user, backend)
        place = {"user": user, "ip": "127.0.0.1", "user_agent": ""}
        UserSession.objects.get_or_create(session_key=self.session.session_key, defaults=place)

    monkeypatch.setattr(Client, "_login", log_in_and_list)


@pytest.fixture
def streamer(db: None) -> User:
    """Owns `channel`."""
    return factories.person("streamer")


@pytest.fixture
def stranger(db: None) -> User:
    """Signed in, and without a role anywhere."""
    return factories.person("stranger")


@pytest.fixture
def channel(streamer: User) -> Channel:
    return factories.channel(streamer, "Night drive")


@pytest.fixture
def visitor(db: None) -> APIClient:
    """Nobody in particular, at the API."""
    return APIClient()


@pytest.fixture
def mine(streamer: User) -> APIClient:
    """The API as the streamer uses it."""
    client = APIClient()
    client.force_authenticate(streamer, token=factories.claims(streamer))
    return client


@pytest.fixture
def theirs(stranger: User) -> APIClient:
    """The API as the stranger uses it."""
    client = APIClient()
    client.force_authenticate(stranger, token=factories.claims(stranger))
    return client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call" and report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, running.Stack):
                report.sections.append(("processes", value.report()))
    return report
