"""The cast of moderation: a channel and its owner, two moderators, a viewer, one of each other role."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.core.ratelimit import Limit
from apps.moderation.services import rules
from tests import factories


def helper(channel: Channel, role: Role, name: str = "") -> User:
    person = factories.person(name or role.value)
    ChannelRole.objects.create(channel=channel, user=person, role=role)
    return person


@pytest.fixture
def moderator(channel: Channel) -> User:
    return helper(channel, Role.MODERATOR)


@pytest.fixture
def colleague(channel: Channel) -> User:
    """Another moderator."""
    return helper(channel, Role.MODERATOR, "colleague")


@pytest.fixture
def editor(channel: Channel) -> User:
    return helper(channel, Role.EDITOR)


@pytest.fixture
def vip(channel: Channel) -> User:
    return helper(channel, Role.VIP)


@pytest.fixture
def viewer(db: None) -> User:
    return factories.person("viewer")


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked to change rules less often."""
    monkeypatch.setattr(rules, "CHANGES", Limit("unlimited", "100000/1"))


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client
