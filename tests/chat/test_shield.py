"""Shield mode: strict at one press, and exactly as before at the next."""

from __future__ import annotations

from typing import Any

import pytest
from pytest import raises

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import ChatRoom
from apps.chat.services.modes import modes_of
from apps.core.errors import Conflict
from apps.core.models import AuditEntry
from apps.moderation import services as moderation
from apps.moderation import undo
from apps.moderation.models import AutomodRule
from apps.moderation.selectors import rules_of

pytestmark = pytest.mark.django_db


def settings(channel: Channel) -> tuple[Any, ...]:
    """Everything that the shield touches, row by row."""
    own = AutomodRule.objects.filter(channel=channel)
    room = ChatRoom.objects.get_or_create(channel=channel)[0]
    stored = sorted((r.kind, r.label, r.action, r.is_on, str(r.settings)) for r in own)
    return modes_of(room), stored, rules_of(channel), room.shield_before


def undo_last(actor: User, channel: Channel, action: str) -> None:
    entry = AuditEntry.objects.filter(action=action).first()
    assert entry is not None
    undo.undo_action(actor=actor, channel=channel, entry_id=entry.pk)


@pytest.fixture
def tuned(channel: Channel, streamer: User) -> None:
    """The owner has chosen some things themselves."""
    services.edit_modes(actor=streamer, channel=channel, slow=60, unique=True)
    moderation.edit_rule(
        actor=streamer, channel=channel, kind="links", is_on=False, settings={"allowed": ["example.com"]}
    )


def test_it_tightens_modes_and_rules(channel: Channel, moderator: User) -> None:
    room = services.raise_shield(actor=moderator, channel=channel)
    assert (room.slow_seconds, room.followers_only_minutes) == (10, 10)
    assert {rule.kind for rule in rules_of(channel) if rule.is_on} >= {"links", "account_age"}


def test_what_is_stricter_already_stays(channel: Channel, moderator: User, tuned: None) -> None:
    room = services.raise_shield(actor=moderator, channel=channel)
    assert (room.slow_seconds, room.unique) == (60, True)


def test_lowered_everything_is_exactly_as_before(channel: Channel, moderator: User, tuned: None) -> None:
    before = settings(channel)
    services.raise_shield(actor=moderator, channel=channel)
    assert settings(channel) != before
    services.edit_modes(actor=moderator, channel=channel, slow=0, emotes_only=True)
    moderation.edit_rule(actor=moderator, channel=channel, kind="profanity", is_on=False)
    services.lower_shield(actor=moderator, channel=channel)
    assert settings(channel) == before


def test_pressing_twice_is_once(channel: Channel, moderator: User, streamer: User, tuned: None) -> None:
    before = settings(channel)
    for actor in (moderator, streamer):
        services.raise_shield(actor=actor, channel=channel)
    for actor in (moderator, streamer):
        services.lower_shield(actor=actor, channel=channel)
    assert settings(channel) == before
    assert AuditEntry.objects.filter(action__startswith="shield.").count() == 2


def test_raising_and_lowering_are_undone(channel: Channel, moderator: User, tuned: None) -> None:
    before = settings(channel)
    services.raise_shield(actor=moderator, channel=channel)
    services.edit_modes(actor=moderator, channel=channel, emotes_only=True)
    behind = settings(channel)
    services.lower_shield(actor=moderator, channel=channel)
    undo_last(moderator, channel, "shield.lower")
    assert settings(channel) == behind
    undo_last(moderator, channel, "chat.modes")
    undo_last(moderator, channel, "shield.raise")
    assert settings(channel) == before


def test_a_lowering_is_not_undone_over_newer_choices(channel: Channel, moderator: User) -> None:
    services.raise_shield(actor=moderator, channel=channel)
    services.lower_shield(actor=moderator, channel=channel)
    services.edit_modes(actor=moderator, channel=channel, slow=5)
    before = settings(channel)
    with raises(Conflict) as refusal:
        undo_last(moderator, channel, "shield.lower")
    assert refusal.value.code == "NO_LONGER_APPLIES"
    with raises(Conflict):
        undo_last(moderator, channel, "shield.raise")
    assert settings(channel) == before
