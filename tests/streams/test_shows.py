"""Q07: shows. Who publishes with a show's key sets everything, no click."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest import raises

from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat import services as chat
from apps.chat.models import Message, ShowTerm
from apps.chat.services.modes import modes_of
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.models import AuditEntry
from apps.streams import services
from apps.streams.media.ports import Refused
from apps.streams.models import Broadcast, Show, SimulcastTarget, StreamKey
from tests import factories

pytestmark = pytest.mark.django_db
# Facts are told after the commit: what a show does to its room needs one.
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def show(channel: Channel) -> Show:
    return services.create_show(
        actor=channel.owner,
        channel=channel,
        name="Monday jam",
        title_pattern="Monday jam #{n}",
        tags=["jam"],
        chat_modes={"slow": 30, "emotes_only": True},
        announcement="Wishes in the chat, please.",
    )


def publish(show: Show, session: str = "one", *, key: str = "", node: str = "ingest-1") -> Broadcast:
    key = key or services.reveal_key(
        actor=show.channel.owner, channel=show.channel, kind=StreamKey.Kind.SHOW, show=show
    )
    return services.claim_publish(
        key=key, session_id=session, node=node, address="127.0.0.1", silent_for=lambda session: None
    )


def on_air(show: Show, session: str = "one") -> Broadcast:
    broadcast = publish(show, session, node="elsewhere")
    assert services.start_broadcast(broadcast_id=broadcast.pk, session_id=session, video={})
    return Broadcast.objects.with_channel().get(pk=broadcast.pk)


def modes(channel: Channel) -> dict:
    return modes_of(chat.edit_modes(actor=channel.owner, channel=channel))


def announcements(channel: Channel) -> list[str]:
    said = Message.objects.of_room(channel.pk).filter(kind=Message.Kind.ANNOUNCEMENT)
    return list(said.values_list("content", flat=True))


# What its key sets


def test_its_key_sets_title_category_and_tags(show):
    services.edit_show(actor=show.channel.owner, show=show, category="music")
    broadcast = publish(show)
    assert (broadcast.title, broadcast.category.slug, broadcast.tags) == ("Monday jam #1", "music", ["jam"])
    assert (broadcast.show, broadcast.show_number) == (show, 1)


def test_an_announced_broadcast_becomes_one_of_the_show(show, channel):
    announced = services.open_broadcast(actor=channel.owner, channel=channel, title="Something else")
    assert publish(show).pk == announced.pk
    announced.refresh_from_db()
    assert announced.title == "Monday jam #1"


def test_a_broadcast_has_one_number_however_often_its_encoder_comes(show):
    first = on_air(show, "one")
    services.interrupt_broadcast(broadcast_id=first.pk, session_id="one")
    again = on_air(show, "two")
    assert (again.pk, again.title, again.show_number) == (first.pk, "Monday jam #1", 1)
    services.end_broadcast(actor=show.channel.owner, broadcast=again)
    services.open_broadcast(actor=show.channel.owner, channel=show.channel, title="x")
    assert publish(show, "three").title == "Monday jam #2"


def test_what_its_creator_renames_before_the_first_picture_stays_renamed(show):
    broadcast = publish(show, "one")
    services.edit_broadcast(actor=show.channel.owner, broadcast=broadcast, title="Special")
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="one")
    assert publish(show, "two").title == "Special"


def test_a_number_that_was_never_on_air_goes_to_the_next(show):
    broadcast = services.start_show(actor=show.channel.owner, show=show)
    services.end_broadcast(actor=show.channel.owner, broadcast=broadcast)
    assert services.start_show(actor=show.channel.owner, show=show).title == "Monday jam #1"


def test_a_day_is_that_of_the_owner(show, channel):
    channel.owner.time_zone = "Pacific/Auckland"
    channel.owner.save()
    services.edit_show(actor=channel.owner, show=show, title_pattern="News of {date}")
    with time_machine.travel("2026-02-06T20:00:00Z", tick=False):
        assert publish(show).title == "News of 2026-02-07"


def test_the_title_of_a_show_is_not_the_next_title_of_the_channel(show, channel):
    services.open_broadcast(actor=channel.owner, channel=channel, title="Everyday")
    services.end_broadcast(actor=channel.owner, broadcast=publish(show))
    channel.refresh_from_db()
    assert channel.next_title == "Everyday"


def test_another_show_begins_another_broadcast_once_nobody_sends_the_first(show, channel):
    late = services.create_show(actor=channel.owner, channel=channel, name="Late", title_pattern="Late {n}")
    first = on_air(show, "one")
    with raises(Refused, match="Another encoder"):
        publish(late, "two")
    services.interrupt_broadcast(broadcast_id=first.pk, session_id="one")
    second = publish(late, "two")
    first.refresh_from_db()
    assert (first.status, second.title) == ("ARCHIVED", "Late 1")


def test_the_normal_key_goes_on_with_a_show_that_lost_its_encoder(show, channel):
    first = on_air(show, "one")
    services.interrupt_broadcast(broadcast_id=first.pk, session_id="one")
    assert factories.publishing(channel, "two").pk == first.pk


def test_an_ended_show_keeps_its_encoder_away_and_no_other(show, channel):
    late = services.create_show(actor=channel.owner, channel=channel, name="Late", title_pattern="Late")
    services.end_broadcast(actor=channel.owner, broadcast=on_air(show))
    with raises(Refused, match="You ended this stream"):
        publish(show, "two")
    assert publish(late, "three").title == "Late"


# The chat


@committed
def test_its_modes_hold_while_it_is_on_and_no_longer(show, channel):
    chat.edit_modes(actor=channel.owner, channel=channel, slow=5, unique=True)
    broadcast = on_air(show)
    assert modes(channel) | {"slow": 30, "emotes_only": True, "unique": True} == modes(channel)
    services.end_broadcast(actor=channel.owner, broadcast=broadcast)
    assert modes(channel) | {"slow": 5, "emotes_only": False, "unique": True} == modes(channel)


@committed
def test_what_it_says_is_said_once(show, channel):
    broadcast = on_air(show, "one")
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="one")
    on_air(show, "two")
    chat.settle_shows()
    assert announcements(channel) == ["Wishes in the chat, please."]


@committed
def test_what_a_crash_left_undone_is_done_by_the_next_round(show, channel, monkeypatch):
    monkeypatch.setattr("apps.core.events._tell", lambda fact: None)  # killed right after each commit
    broadcast = on_air(show)
    assert modes(channel)["slow"] == 0
    assert chat.settle_shows() == 1
    assert (modes(channel)["slow"], len(announcements(channel))) == (30, 1)
    services.end_broadcast(actor=channel.owner, broadcast=broadcast)
    assert modes(channel)["slow"] == 30
    assert chat.settle_shows() == 1
    assert modes(channel)["slow"] == 0
    assert chat.settle_shows() == 0


@committed
def test_modes_return_although_the_show_is_deleted_meanwhile(show, channel):
    broadcast = on_air(show)
    services.delete_show(actor=channel.owner, show=show)
    services.end_broadcast(actor=channel.owner, broadcast=broadcast)
    assert modes(channel)["slow"] == 0
    assert not ShowTerm.objects.filter(ended_at=None).exists()


@committed
def test_one_show_after_another_returns_to_what_was_before_both(show, channel):
    late = services.create_show(
        actor=channel.owner, channel=channel, name="Late", title_pattern="Late", chat_modes={"slow": 60}
    )
    first = on_air(show, "one")
    services.interrupt_broadcast(broadcast_id=first.pk, session_id="one")
    second = on_air(late, "two")
    assert modes(channel)["slow"] == 60
    services.end_broadcast(actor=channel.owner, broadcast=second)
    assert modes(channel)["slow"] == 0


@committed
def test_a_raised_shield_stays_and_the_show_s_modes_return_with_it(show, channel):
    chat.raise_shield(actor=channel.owner, channel=channel)
    broadcast = on_air(show)
    assert modes(channel)["slow"] == 10
    chat.lower_shield(actor=channel.owner, channel=channel)
    assert modes(channel)["slow"] == 30
    chat.raise_shield(actor=channel.owner, channel=channel)
    services.end_broadcast(actor=channel.owner, broadcast=broadcast)
    chat.lower_shield(actor=channel.owner, channel=channel)
    assert modes(channel)["slow"] == 0


# Targets


def test_its_targets_are_on_for_as_long_as_it_lasts(show, channel):
    url = "rtmp://live.twitch.tv/app"
    _, two = (
        services.add_target(actor=channel.owner, channel=channel, name=name, url=url, key="secret-key")
        for name in ("One", "Two")
    )
    services.switch_target(actor=channel.owner, target=two, on=False)

    def are_on() -> list[str]:
        return list(SimulcastTarget.objects.filter(is_on=True).values_list("name", flat=True))

    services.edit_show(actor=channel.owner, show=show, targets=[two])
    broadcast = on_air(show)
    assert are_on() == ["Two"]
    services.end_broadcast(actor=channel.owner, broadcast=broadcast)
    assert are_on() == ["One"]


def test_targets_are_chosen_by_who_may_switch_them(show, channel):
    editor = factories.person("editor")
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    services.edit_show(actor=editor, show=show, title_pattern="Jam", targets=None)
    with raises(NotAllowed):
        services.edit_show(actor=editor, show=show, targets=[])
    theirs = services.add_target(
        actor=channel.owner, channel=factories.channel(channel.owner), name="X",
        url="rtmp://live.twitch.tv/app", key="secret-key",
    )  # fmt: skip
    with raises(Invalid):
        services.edit_show(actor=channel.owner, show=show, targets=[theirs])


# Setting up


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 61), ("title_pattern", ""), ("title_pattern", "{name} live"),
        ("title_pattern", "Jam {n"), ("title_pattern", "{{n}}"), ("title_pattern", "x" * 136 + "{n}"),
        ("next_number", 0), ("next_number", True), ("next_number", 1_000_000), ("category", "no-such"),
        ("tags", ["x" * 26]), ("announcement", "x" * 501),
        ("chat_modes", {"slow": 2}), ("chat_modes", {"loud": True}), ("chat_modes", ["slow"]),
    ],
)  # fmt: skip
def test_what_makes_no_show_is_refused(channel, field, value):
    fields = {"name": "Jam", "title_pattern": "Jam #{n}", field: value}
    with raises(Invalid) as refusal:
        services.create_show(actor=channel.owner, channel=channel, **fields)
    assert refusal.value.fields
    assert not Show.objects.exists()


@pytest.mark.parametrize("role", [None, Role.VIP, Role.MODERATOR])
def test_who_does_not_create_here_sets_up_no_show(show, role):
    channel, person = show.channel, factories.person("helper")
    if role:
        ChannelRole.objects.create(channel=channel, user=person, role=role)
    for deed in (
        lambda: services.create_show(actor=person, channel=channel, name="X", title_pattern="X"),
        lambda: services.edit_show(actor=person, show=show, name="X"),
        lambda: services.archive_show(actor=person, show=show),
        lambda: services.restore_show(actor=person, show=show),
        lambda: services.delete_show(actor=person, show=show),
        lambda: services.start_show(actor=person, show=show),
    ):
        with raises(NotAllowed):
            deed()
    show.refresh_from_db()
    assert (show.name, show.archived_at, Broadcast.objects.count()) == ("Monday jam", None, 0)


def test_a_channel_has_thirty_shows_at_most(channel):
    for number in range(30):
        services.create_show(actor=channel.owner, channel=channel, name=f"S{number}", title_pattern="x")
    with raises(Conflict, match="at most 30"):
        services.create_show(actor=channel.owner, channel=channel, name="One more", title_pattern="x")


def test_a_show_of_another_channel_is_not_found(show):
    other = factories.channel()
    with raises(NotFound):
        services.show_of(actor=other.owner, channel=other, show_id=show.pk)
    with raises(NotFound):
        services.reveal_key(actor=other.owner, channel=other, kind=StreamKey.Kind.SHOW, show=show)


def test_every_deed_is_in_the_log_and_no_key_is(show):
    owner = show.channel.owner
    key = services.reveal_key(actor=owner, channel=show.channel, kind=StreamKey.Kind.SHOW, show=show)
    services.edit_show(actor=owner, show=show, name="Jam")
    services.archive_show(actor=owner, show=show)
    services.restore_show(actor=owner, show=show)
    services.delete_show(actor=owner, show=show)
    log = AuditEntry.objects.filter(action__startswith="show").order_by("pk")
    assert [entry.action for entry in log] == [
        "show.created", "show_key.revealed", "show.edited", "show.archived", "show.restored", "show.deleted",
    ]  # fmt: skip
    assert key not in str(list(AuditEntry.objects.values()))


# Its key


def test_only_the_owner_sees_its_key(show):
    editor = factories.person("editor")
    ChannelRole.objects.create(channel=show.channel, user=editor, role=Role.EDITOR)
    with raises(NotAllowed):
        services.reveal_key(actor=editor, channel=show.channel, kind=StreamKey.Kind.SHOW, show=show)
    assert not StreamKey.objects.exists()


@pytest.mark.parametrize("verb", [services.archive_show, services.delete_show])
def test_a_show_that_is_put_away_takes_its_key_along(show, verb):
    owner = show.channel.owner
    key = services.reveal_key(actor=owner, channel=show.channel, kind=StreamKey.Kind.SHOW, show=show)
    broadcast = on_air(show)
    verb(actor=owner, show=show)
    broadcast.refresh_from_db()
    assert broadcast.publisher_session == ""  # the node's next report is answered with a cut
    with raises(Refused) as refusal:
        publish(show, "two", key=key)
    assert refusal.value.code == "KEY_ROTATED"


def test_each_key_cuts_its_own_encoder_alone(show, channel):
    owner = channel.owner
    services.reveal_key(actor=owner, channel=channel)
    broadcast = on_air(show)
    services.rotate_key(actor=owner, channel=channel)
    broadcast.refresh_from_db()
    assert broadcast.publisher_session == "one"
    services.rotate_key(actor=owner, channel=channel, kind=StreamKey.Kind.SHOW, show=show)
    broadcast.refresh_from_db()
    assert broadcast.publisher_session == ""


def test_a_restored_show_has_another_key(show):
    owner = show.channel.owner
    ask = {"actor": owner, "channel": show.channel, "kind": StreamKey.Kind.SHOW, "show": show}
    before = services.reveal_key(**ask)
    services.archive_show(actor=owner, show=show)
    with raises(Conflict) as refusal:
        services.reveal_key(**ask)
    assert refusal.value.code == "SHOW_ARCHIVED"
    with raises(Conflict):
        services.start_show(actor=owner, show=show)
    services.restore_show(actor=owner, show=show)
    assert services.reveal_key(**ask) != before


def test_a_show_whose_time_to_come_back_is_over_begins_anew(show):
    first = on_air(show, "one")
    services.interrupt_broadcast(broadcast_id=first.pk, session_id="one")
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=True):
        second = on_air(show, "two")
    assert (second.title, second.pk != first.pk) == ("Monday jam #2", True)
