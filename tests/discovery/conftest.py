"""The cast, each with a browser of their own, and a way to be watched."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.discovery.board import _board
from apps.discovery.categories import _tree
from apps.discovery.selectors import _back_at, _creators, _placed
from apps.streams.models import Broadcast
from tests import factories
from tests.pages.conftest import browser_of


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


@pytest.fixture
def reader(db: None) -> User:
    """Somebody who looks for something to watch."""
    return factories.person("reader")


@pytest.fixture
def browser(reader: User) -> Client:
    """The reader's."""
    return browser_of(reader)


@pytest.fixture
def kept(settings: Any) -> None:
    """Lists are shared for some seconds, as they are outside of tests."""
    settings.KEEP_LISTS = True
    for each in (_board, _tree, _placed, _creators, _back_at):
        each.forget()


def on_air(name: str, *, viewers: int = 0, **fields: object) -> Broadcast:
    """A channel of this name is live and watched by so many."""
    channel = factories.channel(name=name, **fields)
    broadcast = factories.live(channel)
    Broadcast.objects.filter(pk=broadcast.pk).update(viewer_count=viewers)
    return broadcast
