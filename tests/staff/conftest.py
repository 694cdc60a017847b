"""Staff: one who may do everything, and a way to make others who may do one thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.models import User
from tests import factories
from tests.pages.conftest import browser_of

PEOPLE, CHANNELS = "/admin/accounts/user/", "/admin/live_channels/channel/"
Deed = Callable[..., str]


@pytest.fixture
def boss(db: None) -> User:
    return factories.person("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(boss: User) -> Client:
    return browser_of(boss)


@pytest.fixture
def staff_with(db: None) -> Callable[..., User]:
    def make(*permissions: str) -> User:
        person = factories.person(is_staff=True)
        for permission in permissions:
            app, codename = permission.split(".")
            person.user_permissions.add(
                Permission.objects.get(content_type__app_label=app, codename=codename)
            )
        return person

    return make


def do(client: Client, page: str, action: str, *rows: object, **answers: str) -> str:
    """What the browser shows after the action was chosen for these rows, and its question answered."""
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}  # type: ignore[attr-defined]
    answer = client.post(page, {**chosen, "confirmed": "yes", **answers}, follow=True)
    return answer.content.decode()
