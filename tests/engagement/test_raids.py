"""G04: raids. Viewers are taken to another live channel that wants them, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest import raises

from apps.accounts.services import block_person
from apps.channels import services as channels
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat import services as chat
from apps.chat.models import Message
from apps.core import presence
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, TooMany
from apps.core.models import AuditEntry
from apps.engagement import services
from apps.engagement.models import Raid
from apps.moderation import services as moderation
from apps.streams import services as streams
from tests import factories
from tests.channels.conftest import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(channel: Channel) -> Channel:
    """Night drive, live."""
    factories.live(channel, "night")
    return channel


@pytest.fixture
def target() -> Channel:
    """Orbit, live, of somebody else."""
    orbit = factories.channel(factories.person("orbiter"), "Orbit")
    factories.live(orbit, "orbit")
    return orbit


def begin(source: Channel, target: Channel, **options) -> Raid:
    return services.begin_raid(
        **({"actor": source.owner, "channel": source, "target": target.slug} | options)
    )


def later(seconds: float = 11):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True)


def said(channel: Channel) -> list[str]:
    return list(
        Message.objects.of_room(channel.pk).filter(kind=Message.Kind.RAID).values_list("content", flat=True)
    )


def state(raid: Raid) -> str:
    raid.refresh_from_db()
    return raid.state


# The countdown


def test_it_goes_when_its_time_has_come_and_the_other_room_hears_how_many(source, target):
    presence.prove(source.pk, ["viewer-1", "viewer-2", "viewer-3"])
    raid = begin(source, target)
    assert services.send_due_raids() == 0
    with later():
        presence.prove(source.pk, ["viewer-1", "viewer-2", "viewer-3"])
        assert services.send_due_raids() == 1
        assert services.send_due_raids() == 0
    assert (state(raid), raid.viewers) == ("gone", 3)
    assert said(target) == ["Night drive raids with 3 viewers."]


def test_it_can_go_at_once_and_be_called_off(source, target):
    raid = begin(source, target, seconds=90)
    assert services.cancel_raid(actor=source.owner, channel=source).pk == raid.pk
    with later(120):
        assert services.send_due_raids() == 0
    assert said(target) == []
    again = begin(source, target, seconds=90)
    services.go_now(actor=source.owner, channel=source)
    assert state(again) == "gone"
    for verb in (services.cancel_raid, services.go_now):
        with raises(NotFound):
            verb(actor=source.owner, channel=source)


def test_one_raid_counts_down_at_a_time(source, target):
    begin(source, target)
    with raises(Conflict) as refusal:
        begin(source, target)
    assert refusal.value.code == "RAID_UNDER_WAY"


@pytest.mark.parametrize("seconds", [9, 91, 0, -1, True, 10.5])
def test_a_countdown_has_its_bounds(source, target, seconds):
    with raises(Invalid, match="10 to 90"):
        begin(source, target, seconds=seconds)


def test_countdowns_are_no_way_to_shout(source, target):
    for _ in range(10):
        begin(source, target)
        services.cancel_raid(actor=source.owner, channel=source)
    with raises(TooMany):
        begin(source, target)


def test_a_target_that_is_gone_by_then_is_not_raided(source, target):
    raid = begin(source, target)
    broadcast = target.broadcasts.get()
    streams.end_broadcast(actor=target.owner, broadcast=broadcast)
    with later():
        services.send_due_raids()
    assert (state(raid), said(target)) == ("failed", [])


def test_a_stream_that_ends_meanwhile_still_sends_its_viewers(source, target):
    raid = begin(source, target)
    streams.end_broadcast(actor=source.owner, broadcast=source.broadcasts.get())
    with later():
        services.send_due_raids()
    assert state(raid) == "gone"


def test_a_raid_that_nobody_waits_for_any_more_is_given_up(source, target):
    raid = begin(source, target)
    with later(200):
        services.send_due_raids()
    assert (state(raid), said(target)) == ("failed", [])


@pytest.mark.django_db(transaction=True)
def test_two_processes_send_it_once(source, target):
    raid = begin(source, target)
    Raid.objects.update(due_at=timezone.now())

    outcomes = at_once(lambda _: services.send_due_raids(), range(4))
    assert sorted(outcomes) == [0, 0, 0, 1]
    assert (state(raid), len(said(target))) == ("gone", 1)


# Who may


@pytest.mark.parametrize("role", [None, Role.VIP])
def test_who_does_not_host_here_sends_nobody_on(source, target, role):
    person = factories.person("helper")
    if role:
        ChannelRole.objects.create(channel=source, user=person, role=role)
    for verb in (services.cancel_raid, services.go_now):
        with raises(NotAllowed):
            verb(actor=person, channel=source)
    with raises(NotAllowed):
        begin(source, target, actor=person)
    assert not Raid.objects.exists()


@pytest.mark.parametrize("role", [Role.EDITOR, Role.MODERATOR])
def test_who_hosts_here_may(source, target, role):
    person = factories.person("helper")
    ChannelRole.objects.create(channel=source, user=person, role=role)
    assert begin(source, target, actor=person).begun_by == person


def test_only_a_live_channel_raids(channel, target):
    with raises(Conflict) as refusal:
        begin(channel, target)
    assert refusal.value.code == "NOT_LIVE"


def code_of(source: Channel, target: Channel) -> str:
    with raises(DomainError) as refusal:
        begin(source, target)
    return refusal.value.code


def test_only_another_live_and_listed_channel_is_raided(source, target):
    assert code_of(source, source) == "OWN_CHANNEL"
    assert code_of(source, factories.channel(name="Silent")) == "TARGET_NOT_LIVE"
    channels.edit_channel(actor=target.owner, channel=target, visibility="unlisted")
    assert code_of(source, target) == "RAIDS_REFUSED"
    Channel.objects.filter(pk=target.pk).update(suspended_at=timezone.now())
    with raises(Invalid, match="no channel"):
        begin(source, target)


def test_nobody_is_raided_who_wants_none(source, target):
    services.choose_raiders(actor=target.owner, channel=target, accepts="nobody")
    assert code_of(source, target) == "RAIDS_REFUSED"


def test_of_those_it_knows(source, target):
    services.choose_raiders(actor=target.owner, channel=target, accepts="known")
    assert code_of(source, target) == "RAIDS_REFUSED"
    channels.follow_channel(actor=target.owner, channel=source)
    begin(source, target)


def test_the_team_is_known(source, target):
    services.choose_raiders(actor=target.owner, channel=target, accepts="known")
    ChannelRole.objects.create(channel=target, user=source.owner, role=Role.MODERATOR)
    begin(source, target)


def test_a_blocked_channel_raids_no_more_until_it_is_let(source, target):
    services.block_raids(actor=target.owner, channel=target, blocked=source.slug)
    services.block_raids(actor=target.owner, channel=target, blocked=str(source.pk))
    assert target.raid_blocks.count() == 1
    assert code_of(source, target) == "RAIDS_REFUSED"
    services.unblock_raids(actor=target.owner, channel=target, blocked_id=source.pk)
    begin(source, target)


def test_neither_the_blocked_nor_the_banned_raid(source, target):
    block_person(actor=target.owner, person=source.owner)
    assert code_of(source, target) == "RAIDS_REFUSED"


def test_a_ban_that_comes_during_the_countdown_counts(source, target):
    raid = begin(source, target)
    moderation.ban(actor=target.owner, channel=target, user=source.owner)
    with later():
        services.send_due_raids()
    assert (state(raid), said(target)) == ("failed", [])


def test_only_who_edits_the_channel_says_whose_raids_it_takes(source, target):
    moderator = factories.person("moderator")
    ChannelRole.objects.create(channel=target, user=moderator, role=Role.MODERATOR)
    for deed in (
        lambda: services.choose_raiders(actor=moderator, channel=target, accepts="nobody"),
        lambda: services.block_raids(actor=moderator, channel=target, blocked=source.slug),
        lambda: services.unblock_raids(actor=moderator, channel=target, blocked_id=source.pk),
    ):
        with raises(NotAllowed):
            deed()
    assert services.accepts_of(target) == "anyone"


def test_both_ends_have_it_in_their_log(source, target):
    begin(source, target)
    services.go_now(actor=source.owner, channel=source)
    entries = AuditEntry.objects.filter(action__startswith="raid.").order_by("pk")
    assert [(e.action, e.channel_id) for e in entries] == [
        ("raid.begun", source.pk), ("raid.gone", source.pk), ("raid.received", target.pk),
    ]  # fmt: skip


# Other ways in


def test_slash_commands_lead_to_the_same_verbs(source, target):
    told = chat.run_command(actor=source.owner, channel=source, line=f"/raid {target.slug} 30s")
    assert told.startswith("In 30 seconds your viewers go to Orbit")
    assert services.raid_of(source).target == target
    assert "cancelled" in chat.run_command(actor=source.owner, channel=source, line="/unraid")
    with raises(Invalid, match="Say which channel"):
        chat.run_command(actor=source.owner, channel=source, line="/raid")


def test_the_api_begins_tells_and_cancels(source, target, mine, visitor):
    begun = mine.post(f"/api/channels/{source.pk}/raid", {"target": "orbit", "seconds": 20}, format="json")
    assert (begun.status_code, begun.json()["target"]["slug"]) == (201, "orbit")
    assert begun.json()["url"] == f"/streams/orbit?raid={begun.json()['id']}"
    assert visitor.get(f"/api/channels/{source.slug}/raid").json() == {"raid": begun.json()}
    assert mine.delete(f"/api/channels/{source.pk}/raid").json()["state"] == "cancelled"
    assert visitor.get(f"/api/channels/{source.slug}/raid").json() == {"raid": None}
    assert visitor.get(f"/api/raids/{begun.json()['id']}").json()["state"] == "cancelled"
    assert mine.post(f"/api/channels/{source.pk}/raid/now").json()["code"] == "NO_RAID"


def test_the_api_refuses_with_the_field_at_fault(source, target, mine):
    services.choose_raiders(actor=target.owner, channel=target, accepts="nobody")
    refused = mine.post(f"/api/channels/{source.pk}/raid", {"target": "orbit"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "RAIDS_REFUSED")
    assert "target" in refused.json()["fields"]


def test_settings_and_blocks_over_the_api(source, target, mine):
    address = f"/api/channels/{source.pk}/raid-settings"
    assert mine.get(address).json() == {"accepts": "anyone"}
    assert mine.put(address, {"accepts": "known"}, format="json").json() == {"accepts": "known"}
    blocks = f"/api/channels/{source.pk}/raid-blocks"
    assert mine.post(blocks, {"channel": "orbit"}, format="json").status_code == 201
    assert [each["channel"]["slug"] for each in mine.get(blocks).json()] == ["orbit"]
    assert mine.delete(f"{blocks}/{target.pk}").status_code == 204
    assert mine.get(blocks).json() == []
