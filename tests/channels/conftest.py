"""The cast of channels."""

import pytest

from apps.accounts.models import User
from apps.channels.models import Channel
from tests import factories


@pytest.fixture
def streamer(db: None) -> User:
    return factories.person("streamer")


@pytest.fixture
def stranger(db: None) -> User:
    return factories.person("stranger")


@pytest.fixture
def channel(streamer: User) -> Channel:
    return factories.channel(streamer, "Night drive")
