"""A dock beside an encoder: who gets one, what it may do, and when it stops."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat import services
from apps.chat.dock.deeds import DEEDS
from apps.chat.models import Dock, Message
from apps.core.models import AuditEntry
from apps.moderation import services as moderation
from apps.moderation.models import Sanction
from tests import factories

from .test_chat_page import say


@pytest.fixture
def token(channel: Channel, streamer: User) -> str:
    return services.renew_dock(actor=streamer, channel=channel)


@pytest.fixture
def troll(db: None) -> User:
    return factories.person("troll")


def do(token: str, deed: str, **fields: Any) -> Any:
    """The answer to a deed, asked by a browser that is nobody's and checks tokens as people's do."""
    client = Client(enforce_csrf_checks=True)
    return client.post(
        f"/dock/deeds/{deed}", fields, content_type="application/json", headers={"X-Dock": token}
    )


def room(token: str) -> Any:
    return Client().get("/dock/room", headers={"X-Dock": token})


def test_a_moderator_gets_an_address_once_and_only_its_hash_is_kept(channel: Channel, owner: Client) -> None:
    page = owner.post("/dashboard/night-shift/dock/renew").content.decode()
    address = re.search(r'value="(http://testserver/dock#[^"]+)"', page)
    assert address is not None
    token = address[1].partition("#")[2]
    assert room(token).status_code == 200
    dock = Dock.objects.get()
    assert token not in (dock.token_hash, *AuditEntry.objects.values_list("details", flat=True))
    assert token not in owner.get("/dashboard/night-shift/dock").content.decode()


def test_who_may_not_moderate_gets_no_dock(channel: Channel, stranger: Client, visitor: Client) -> None:
    assert stranger.get("/dashboard/night-shift/dock").status_code == 403
    assert stranger.post("/dashboard/night-shift/dock/renew").status_code == 403
    assert visitor.get("/dashboard/night-shift/dock").status_code == 302
    assert not Dock.objects.exists()


def test_a_dock_reads_the_room_with_the_powers_of_its_person_and_cannot_write(
    channel: Channel, streamer: User, token: str
) -> None:
    say(channel, streamer, "good evening")
    page = room(token).content.decode()
    assert "good evening" in page
    assert "time_out" in page
    assert 'data-ticket=""' in page
    assert "data-chat-form" not in page


def test_a_dock_shows_of_who_is_kept_out_what_anybody_reads(
    channel: Channel, streamer: User, troll: User, token: str
) -> None:
    say(channel, troll, "something rude")
    moderation.ban(actor=streamer, channel=channel, user=troll)
    page = room(token).content.decode()
    assert "data-struck" in page and "something rude" not in page


def test_the_pages_address_holds_no_secret_and_tells_none(visitor: Client) -> None:
    page = visitor.get("/dock")
    assert page.status_code == 200
    assert '<meta name="referrer" content="no-referrer">' in page.content.decode()


def test_a_new_address_ends_the_old_one_and_removing_ends_both(
    channel: Channel, streamer: User, owner: Client, token: str
) -> None:
    newer = services.renew_dock(actor=streamer, channel=channel)
    assert room(token).status_code == 404
    assert room(newer).status_code == 200
    owner.post("/dashboard/night-shift/dock/remove")
    assert room(newer).status_code == 404
    assert do(newer, "unpin").json()["code"] == "DOCK_NOT_FOUND"


def test_a_dock_ends_with_the_power_it_came_from(channel: Channel) -> None:
    helper = factories.person("helper")
    role = ChannelRole.objects.create(channel=channel, user=helper, role=Role.MODERATOR)
    token = services.renew_dock(actor=helper, channel=channel)
    assert room(token).status_code == 200
    role.delete()
    assert room(token).status_code == 404


def test_a_dock_ends_with_its_person_and_rests_with_its_channel(
    channel: Channel, streamer: User, token: str
) -> None:
    Channel.objects.filter(pk=channel.pk).update(suspended_at=timezone.now())
    assert room(token).status_code == 404
    Channel.objects.filter(pk=channel.pk).update(suspended_at=None)
    User.objects.filter(pk=streamer.pk).update(is_active=False)
    assert room(token).status_code == 404


def test_without_the_secret_nothing_is_shown_or_done(channel: Channel, owner: Client, troll: User) -> None:
    for browser in (owner, Client()):
        assert browser.get("/dock/room").status_code == 404
        refused = browser.post("/dock/deeds/ban", {"userId": str(troll.pk)}, content_type="application/json")
        assert refused.status_code == 404
    assert not Sanction.objects.exists()


def test_each_deed_is_done_as_its_person(channel: Channel, streamer: User, troll: User, token: str) -> None:
    message = say(channel, troll, "noise")
    whom, what = {"userId": str(troll.pk)}, {"messageId": str(message.pk)}
    deeds: dict[str, dict[str, Any]] = {
        "pin": what,
        "unpin": {},
        "remove": what,
        "read": what,
        "restore": what,
        "purge": whom,
        "warn": whom | {"reason": "Keep calm."},
        "timeOut": whom | {"seconds": 60},
        "ban": whom,
        "lift": whom,
    }
    assert deeds.keys() == DEEDS.keys()
    for deed, fields in deeds.items():
        answer = do(token, deed, **fields)
        assert answer.status_code == 200, (deed, answer.content)
        if deed == "read":
            assert answer.json()["content"] == "noise"
    assert set(AuditEntry.objects.values_list("actor_id", flat=True)) == {streamer.pk}
    kinds = Sanction.objects.order_by("id").values_list("kind", flat=True)
    assert [str(kind) for kind in kinds] == ["warning", "timeout", "ban"]


def test_a_dock_reaches_no_other_channel(streamer: User, troll: User, token: str) -> None:
    elsewhere = say(factories.channel(streamer, name="Second place"), troll, "elsewhere")
    for deed in ("read", "remove", "restore", "pin"):
        assert do(token, deed, messageId=str(elsewhere.pk)).status_code == 404
    assert not Message.objects.exclude(deleted_at=None).exists()


@pytest.mark.parametrize(
    ("deed", "fields", "status"),
    [
        ("send", {"content": "hello"}, 404),
        ("remove", {}, 400),
        ("remove", {"messageId": "nonsense"}, 400),
        ("remove", {"messageId": str(uuid.uuid4())}, 404),
        ("ban", {"userId": str(uuid.uuid4())}, 404),
        ("ban", {"reason": ["x"]}, 400),
        ("timeOut", {"seconds": "60"}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(token: str, deed: str, fields: dict[str, Any], status: int) -> None:
    answer = do(token, deed, **fields)
    assert answer.status_code == status
    assert answer.json()["error"] is True


def test_what_is_no_json_is_refused(token: str) -> None:
    for body in (b"{", b"[]", b"\xff"):
        answer = Client().post(
            "/dock/deeds/ban", body, content_type="application/json", headers={"X-Dock": token}
        )
        assert answer.status_code == 400
