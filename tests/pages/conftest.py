"""The cast of the pages, each with a browser of their own."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from tests import factories

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def streamer(db: None) -> User:
    return factories.person("streamer", onboarded_at="2026-01-01T00:00Z")


@pytest.fixture
def channel(streamer: User) -> Channel:
    return factories.channel(streamer, name="Night shift", category="music", tags=["ambient"])


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


@pytest.fixture
def owner(streamer: User) -> Client:
    return browser_of(streamer)


@pytest.fixture
def stranger(db: None) -> Client:
    return browser_of(factories.person("stranger"))


@pytest.fixture
def viewer(db: None) -> User:
    return factories.person("viewer", display_name="Vera")


@pytest.fixture
def moderator(channel: Channel) -> User:
    person = factories.person("moderator")
    ChannelRole.objects.create(channel=channel, user=person, role=Role.MODERATOR)
    return person


@pytest.fixture
def desk(moderator: User) -> Client:
    """The moderator's browser."""
    return browser_of(moderator)
