"""The modes of a chat on a page, for those who host it without sitting at the moderators' desk."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat.models import ChatRoom
from apps.core.models import AuditEntry
from tests import factories

from .conftest import browser_of
from .test_moderation import text_of

PAGE = "/dashboard/night-shift/chat"
ALL_ON = {"slow": "30", "followers_only": "10", "members_only": "on", "emotes_only": "on", "unique": "on"}


@pytest.fixture
def editor(channel: Channel) -> Client:
    person = factories.person("editor")
    ChannelRole.objects.create(channel=channel, user=person, role=Role.EDITOR)
    return browser_of(person)


def modes_of(channel: Channel) -> tuple[int, int | None, bool, bool, bool]:
    room = ChatRoom.objects.get(channel=channel)
    return (
        room.slow_seconds, room.followers_only_minutes, room.members_only, room.emotes_only, room.unique,
    )  # fmt: skip


def test_an_editor_sets_all_modes_and_ends_them(channel: Channel, editor: Client) -> None:
    assert editor.get(PAGE).status_code == 200
    assert "Saved." in text_of(editor.post(PAGE, ALL_ON, follow=True))
    assert modes_of(channel) == (30, 10, True, True, True)
    assert 'value="30"' in editor.get(PAGE).content.decode()
    editor.post(PAGE, {"slow": "0", "followers_only": ""})
    assert modes_of(channel) == (0, None, False, False, False)
    assert AuditEntry.objects.filter(action="chat.modes").count() == 2


def test_what_makes_no_sense_stays_to_be_mended(channel: Channel, editor: Client) -> None:
    refused = editor.post(PAGE, ALL_ON | {"slow": "1"})
    assert refused.status_code == 422
    assert "Slow mode lasts 3 to 120 seconds" in text_of(refused)
    assert not AuditEntry.objects.filter(action="chat.modes").exists()


def test_it_opens_for_hosts_alone(
    channel: Channel, visitor: Client, stranger: Client, owner: Client, desk: Client
) -> None:
    vip = factories.person("vip")
    ChannelRole.objects.create(channel=channel, user=vip, role=Role.VIP)
    assert "/auth/login" in visitor.post(PAGE, ALL_ON)["Location"]
    for browser in (stranger, browser_of(vip)):
        assert browser.get(PAGE).status_code == browser.post(PAGE, ALL_ON).status_code == 403
    assert not ChatRoom.objects.filter(slow_seconds=30).exists()
    assert owner.get(PAGE).status_code == desk.get(PAGE).status_code == 200
