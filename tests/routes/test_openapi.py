"""The API's document: every route is in it, and what is answered is what it says, odd input included.

Asked by the owner of a channel. `HYPOTHESIS_PROFILE=long` tries more of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from aethex.wsgi import application
from apps.channels.models import Channel
from tests import factories

from .scene import Scene, set_scene
from .test_matrix import forgotten
from .urls import all_routes

SHARES = 4
PART = r"{\1}"
# The others don't fit: whether a body that fits its schema breaks a rule of ours, a schema can't tell;
# and each deed is undone at once, so nothing can be asked for again.
JUDGED = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
TRIES = hypothesis.settings(
    max_examples=max(2, hypothesis.settings().max_examples // 5),
    derandomize=True,
    database=None,
    deadline=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
    report_multiple_bugs=False,
)


@contextmanager
def connection_kept() -> Iterator[None]:
    """No request ends the test's connection, as with Django's own client (which ends this, too)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def scene(channel: Channel, unlimited: None) -> Scene:
    return set_scene(channel)


@pytest.mark.django_db
def test_every_route_is_in_the_document(client: Any) -> None:
    paths = client.get("/api/schema", HTTP_ACCEPT="application/json").json()["paths"]
    told = {f"{method.upper()} {path}" for path, entry in paths.items() for method in entry}
    ours = {
        f"{method} {re.sub('<(?:[a-z]+:)?([a-z_]+)>', PART, route.address)}"
        for route in all_routes()
        for method in route.methods
        if route.is_api
    }
    assert ours - told == {"GET /api/docs", "GET /api/schema"}
    assert told - ours == set()


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.django_db
def test_what_is_answered_is_what_the_document_says(scene: Scene, share: int) -> None:
    headers = {"Authorization": f"Bearer {_token(scene)}"}
    failures = []
    with connection_kept():
        schema = schemathesis.openapi.from_wsgi("/api/schema", application)
        for found in list(schema.get_all_operations())[share::SHARES]:
            failures += _failures(found.ok(), scene, headers)
    assert not failures, "\n\n".join(failures)


def _failures(operation: Any, scene: Scene, headers: dict[str, str]) -> list[str]:
    """What is wrong with this operation, asked as its schema says and against it."""
    modes = [GenerationMode.POSITIVE]
    if len(operation.body) or len(operation.query):
        modes.append(GenerationMode.NEGATIVE)
    failures = []
    for mode in modes:
        try:
            _try(operation, mode, scene, headers)
        except hypothesis.errors.Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # there is nothing that could be wrong
        except FailureGroup as group:
            failures.append(f"{operation.label} {[str(error)[:1200] for error in group.exceptions]}")
    return failures


def _try(operation: Any, mode: GenerationMode, scene: Scene, headers: dict[str, str]) -> None:
    @TRIES
    @hypothesis.given(
        case=operation.as_strategy(mode), known=strategies.sampled_from([True, True, True, False])
    )
    def tried(case: Any, known: bool) -> None:
        for name in case.path_parameters or {}:
            if known and name in scene.names:  # most of them are about something that is there
                case.path_parameters[name] = scene.names[name]
        with forgotten():
            case.call_and_validate(checks=JUDGED, headers=headers)

    tried()


def _token(scene: Scene) -> str:
    """The owner's, by the door that clients take."""
    credentials = {"login": scene.channel.owner.username, "password": factories.PASSWORD}
    return (
        Client().post("/api/auth/login", credentials, content_type="application/json").json()["accessToken"]
    )
