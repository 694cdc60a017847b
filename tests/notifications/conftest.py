"""Followers, and what they get by letter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.services import follow_channel
from apps.notifications import services
from tests import factories


@pytest.fixture
def follower(channel: Channel) -> Callable[..., User]:
    """Makes a follower with an address."""

    def make(name: str = "", *, bell: str = "live", verified: bool = True) -> User:
        user = factories.person(name)
        EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
        follow_channel(actor=user, channel=channel, bell=bell)
        return user

    return make


def deliver() -> None:
    """What a worker does at its turn, until nothing is left to do."""
    services.open_mailings()
    services.list_letters()
    while services.post_letters():
        pass
