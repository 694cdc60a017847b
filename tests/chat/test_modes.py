"""Modes: who may change them, to what, and back again."""

from __future__ import annotations

from typing import Any

import pytest
from pytest import raises

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import ChatRoom, Rulebook
from apps.core.errors import Conflict, Invalid
from apps.core.models import AuditEntry
from apps.moderation import undo

pytestmark = pytest.mark.django_db


def last_entry(action: str) -> AuditEntry:
    entry = AuditEntry.objects.filter(action=action).first()
    assert entry is not None
    return entry


def test_a_mode_is_changed_and_the_others_stay(channel: Channel, moderator: User) -> None:
    services.edit_modes(actor=moderator, channel=channel, slow=30)
    services.edit_modes(actor=moderator, channel=channel, followers_only=0, unique=True)
    room = ChatRoom.objects.get()
    assert (room.slow_seconds, room.followers_only_minutes, room.unique) == (30, 0, True)
    assert (room.members_only, room.emotes_only) == (False, False)


def test_each_change_moves_the_rulebook_and_leaves_one_entry(channel: Channel, moderator: User) -> None:
    for _ in range(2):
        services.edit_modes(actor=moderator, channel=channel, slow=30)
    assert Rulebook.objects.get(channel=channel).version == 1
    entry = AuditEntry.objects.get(action="chat.modes")
    assert entry.details == {"before": {"slow": 0}, "after": {"slow": 30}}


@pytest.mark.parametrize(
    "change",
    [
        {"slow": 2}, {"slow": 121}, {"slow": -1}, {"slow": "30"}, {"slow": True}, {"slow": None},
        {"followers_only": -1}, {"followers_only": 129_601}, {"followers_only": True},
        {"members_only": None}, {"emotes_only": 1}, {"unique": "yes"}, {"quiet": True},
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_the_mode_s_name(
    channel: Channel, moderator: User, change: dict[str, Any]
) -> None:
    with raises(Invalid) as refusal:
        services.edit_modes(actor=moderator, channel=channel, **change)
    assert list(refusal.value.fields) == list(change)
    assert not AuditEntry.objects.filter(action="chat.modes").exists()


@pytest.mark.parametrize("change", [{"slow": 3}, {"slow": 120}, {"followers_only": 129_600}])
def test_the_bounds_themselves_are_fine(channel: Channel, moderator: User, change: dict[str, Any]) -> None:
    services.edit_modes(actor=moderator, channel=channel, **change)


def test_a_change_is_undone_as_long_as_the_same_mode_has_not_moved_on(
    channel: Channel, moderator: User
) -> None:
    services.edit_modes(actor=moderator, channel=channel, slow=30, unique=True)
    first = last_entry("chat.modes")
    services.edit_modes(actor=moderator, channel=channel, slow=60)
    with raises(Conflict) as refusal:
        undo.undo_action(actor=moderator, channel=channel, entry_id=first.pk)
    assert refusal.value.code == "NO_LONGER_APPLIES"
    undo.undo_action(actor=moderator, channel=channel, entry_id=last_entry("chat.modes").pk)
    undo.undo_action(actor=moderator, channel=channel, entry_id=first.pk)
    room = ChatRoom.objects.get()
    assert (room.slow_seconds, room.unique) == (0, False)
