"""C12: whose targets they are, what is kept of their keys, and what a node is told to do."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from typing import Any

import pytest
from django.test import Client
from pytest import raises
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded
from apps.core.models import AuditEntry
from apps.streams import relays, services
from apps.streams.media.ports import RelayInfo
from apps.streams.models import SimulcastTarget
from tests import factories
from tests.pages.conftest import browser_of

URL, KEY = "rtmp://live.twitch.tv/app", "live_1234567890_abcdefghijklmnop"


@pytest.fixture
def target(channel: Channel) -> SimulcastTarget:
    return services.add_target(actor=channel.owner, channel=channel, name="Twitch", url=URL, key=KEY)


def client_of(user: User | None) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def report(broadcast, session: str | None = "session-1", targets: Any = (), node: str = "elsewhere") -> Any:
    told = services.Publishing(broadcast.pk, session, is_sending=True, targets=targets)
    return services.report([told], node=node).forward.get(broadcast.pk)


# Verbs


def test_a_key_is_sealed_and_never_told_again(target, channel):
    row = SimulcastTarget.objects.values().get()
    assert KEY not in str(row)
    assert row["key_ending"] == "mnop"
    assert KEY not in str(list(AuditEntry.objects.values()))
    broadcast = factories.live(channel)
    assert report(broadcast)[0].key == KEY


def test_a_short_key_shows_nothing_of_itself(channel):
    short = services.add_target(actor=channel.owner, channel=channel, name="X", url=URL, key="secret1")
    assert short.key_ending == ""


@pytest.mark.parametrize(
    "url",
    [
        "", "twitch", "http://live.twitch.tv/app", "rtmp://", "rtmp://live.twitch.tv", "rtmp://live.twitch.tv/",
        "rtmp://a:b@live.twitch.tv/app", "rtmp://live.twitch.tv/app?key=1", "rtmp://live.twitch.tv/app#x",
        "rtmp://live.twitch.tv:22/app", "rtmp://live.twitch.tv:99999/app", "rtmp://li ve.tv/app",
        "rtmp://live.twitch.tv\\@127.0.0.1/app", "rtmp://127.0.0.1/app", "rtmp://localhost/app",
        "rtmp://10.0.0.1/app", "rtmp://[::1]/app", "rtmp://[::ffff:127.0.0.1]/app", "rtmp://2130706433/app",
        "rtmp://127.1/app", "rtmp://169.254.169.254/latest", "rtmp://x/" + "a" * 300, "rtmp://é.tv/app",
        "rtmp://x/a\r\nb",
    ],
)  # fmt: skip
def test_an_address_that_no_stream_may_go_to_is_refused(channel, url):
    with raises(Invalid) as refusal:
        services.add_target(actor=channel.owner, channel=channel, name="X", url=url, key=KEY)
    assert "url" in refusal.value.fields
    assert not channel.simulcast_targets.exists()


@pytest.mark.parametrize("url", [URL, "rtmps://a.rtmps.youtube.com/live2", "RTMPS://x.example:443/rtmp/a/"])
def test_an_address_of_another_platform_is_taken(channel, url):
    target = services.add_target(actor=channel.owner, channel=channel, name="X", url=url, key=KEY)
    assert target.url == url.rstrip("/")


@pytest.mark.parametrize("key", ["", "   ", "two words", "né", "x" * 251, "a\nb"])
def test_what_is_no_key_is_refused(channel, key):
    with raises(Invalid) as refusal:
        services.add_target(actor=channel.owner, channel=channel, name="X", url=URL, key=key)
    assert "key" in refusal.value.fields


def test_a_channel_has_five_at_most(channel):
    for number in range(5):
        services.add_target(actor=channel.owner, channel=channel, name=f"T{number}", url=URL, key=KEY)
    with raises(Conflict, match="at most 5"):
        services.add_target(actor=channel.owner, channel=channel, name="One more", url=URL, key=KEY)
    assert channel.simulcast_targets.count() == 5


def test_another_address_needs_its_key_again(target):
    with raises(Invalid) as refusal:
        services.change_target(actor=target.channel.owner, target=target, url="rtmp://evil.example/app")
    assert "key" in refusal.value.fields
    target.refresh_from_db()
    assert target.url == URL
    services.change_target(actor=target.channel.owner, target=target, url=URL, name="Same place")
    changed = services.change_target(
        actor=target.channel.owner, target=target, url="rtmp://other.example/app", key="another"
    )
    assert (changed.url, changed.revision) == ("rtmp://other.example/app", 3)


def test_every_deed_is_in_the_log(target):
    owner = target.channel.owner
    services.switch_target(actor=owner, target=target, on=False)
    services.change_target(actor=owner, target=target, key="another-key")
    services.remove_target(actor=owner, target=target)
    log = AuditEntry.objects.filter(action__startswith="simulcast.").order_by("pk")
    assert [entry.action for entry in log] == [
        "simulcast.added", "simulcast.switched", "simulcast.changed", "simulcast.removed",
    ]  # fmt: skip
    assert log[1].details == {"name": "Twitch", "url": URL, "on": False}
    assert "another-key" not in str(log[2].details)
    with raises(NotFound):
        services.switch_target(actor=owner, target=target, on=True)


@pytest.mark.parametrize("role", [None, Role.VIP, Role.MODERATOR, Role.EDITOR])
def test_nobody_but_the_owner_has_a_say(target, role):
    channel, person = target.channel, factories.person("helper")
    if role:
        ChannelRole.objects.create(channel=channel, user=person, role=role)
    deeds = [
        lambda: services.add_target(actor=person, channel=channel, name="X", url=URL, key=KEY),
        lambda: services.change_target(actor=person, target=target, name="Mine"),
        lambda: services.switch_target(actor=person, target=target, on=False),
        lambda: services.remove_target(actor=person, target=target),
        lambda: services.forwardings(actor=person, channel=channel),
        lambda: services.target_of(actor=person, channel=channel, target_id=target.pk),
    ]
    for deed in deeds:
        with raises(NotAllowed):
            deed()
    before = SimulcastTarget.objects.values().get(pk=target.pk)
    assert (before["name"], before["is_on"], before["revision"]) == ("Twitch", True, 1)
    api, page = client_of(person), browser_of(person)
    assert api.get(f"/api/channels/{channel.pk}/simulcast-targets").status_code == 403
    assert page.get(f"/dashboard/{channel.slug}/simulcast").status_code == 403


def test_another_channels_target_is_not_mine(target, stranger):
    mine = factories.channel(stranger)
    with raises(NotFound):
        services.target_of(actor=stranger, channel=mine, target_id=target.pk)
    answer = client_of(stranger).delete(f"/api/channels/{mine.pk}/simulcast-targets/{target.pk}")
    assert answer.status_code == 404
    assert SimulcastTarget.objects.filter(pk=target.pk).exists()


# What the node is told


def test_a_report_is_answered_with_where_to_forward(target, channel):
    broadcast = factories.live(channel)
    [told] = report(broadcast)
    assert (told.id, told.revision, told.url, told.key) == (target.pk.hex, 1, URL, KEY)
    services.switch_target(actor=channel.owner, target=target, on=False)
    assert report(broadcast, targets=[told]) == []
    services.switch_target(actor=channel.owner, target=target, on=True)
    assert report(broadcast)[0].revision == 3


def test_what_a_node_knows_is_not_unsealed_again(target, channel, monkeypatch):
    broadcast = factories.live(channel)
    known = report(broadcast)
    monkeypatch.setattr(services.simulcast, "box", None)
    assert report(broadcast, targets=known) == known


def test_only_the_node_with_the_encoder_forwards(target, channel):
    broadcast = factories.live(channel)
    assert report(broadcast, session="older", node="another") == []
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    assert len(report(broadcast, session=None)) == 1, "its encoder may come back"
    factories.publishing(channel, "session-2", node="another")
    assert report(broadcast, session=None) == [], "it came back to another node"
    assert len(report(broadcast, session="session-2", node="another")) == 1
    services.end_broadcast(actor=channel.owner, broadcast=broadcast)
    assert report(broadcast) is None


def test_while_an_encoder_comes_or_goes_forwarding_stays(target, channel):
    broadcast = factories.live(channel)
    assert len(report(broadcast, session=None)) == 1, "the node knows first that it is gone"
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    assert len(report(broadcast, session="session-1")) == 1, "the row knows first"
    factories.publishing(channel, "session-2", node="elsewhere")
    assert len(report(broadcast, session=None)) == 1, "admitted, but not attached yet"
    assert len(report(broadcast, session="session-1")) == 1, "nor is the older one cut"


def test_a_report_without_targets_costs_no_query_more(channel, django_assert_num_queries):
    broadcast = factories.live(channel)
    with django_assert_num_queries(2):
        report(broadcast)


def test_a_key_that_nobody_can_open_any_more_is_left_out(target, channel, settings):
    broadcast = factories.live(channel)
    settings.SECRET_KEY = "another one that is long enough for everybody"
    assert report(broadcast) == []


def relay(target: SimulcastTarget, state: str, **fields: Any) -> RelayInfo:
    told = {"reason": "", "next_attempt_at": None, "dropped": 0} | fields
    return RelayInfo(target.pk.hex, target.revision, state, **told)


def test_dashboards_hear_what_changed_and_pages_read_it(target, channel, monkeypatch):
    heard: list[tuple[str, Any]] = []
    monkeypatch.setattr(relays, "push", lambda topic, frame: heard.append(frame))
    monkeypatch.setattr(relays, "frame", lambda kind, payload: payload)
    news, id = relays.RelayNews(), channel.pk.hex
    for info in (relay(target, "live"), relay(target, "live", dropped=4)):
        news.pass_on({id: [info]}, keep=False)
    news.pass_on({id: [relay(target, "retrying", reason="It hung up.", next_attempt_at=2e9)]}, keep=False)
    assert [payload["state"] for payload in heard] == ["live", "retrying"]
    assert heard[1] == {
        "targetId": str(target.pk),
        "state": "retrying",
        "reason": "It hung up.",
        "nextAttemptAt": "2033-05-18T03:33:20+00:00",
    }
    [shown] = services.forwardings(actor=channel.owner, channel=channel)
    assert (shown.state, shown.reason, shown.next_attempt_at.year) == ("retrying", "It hung up.", 2033)
    news.pass_on({}, keep=False)
    assert heard[-1]["state"] == "waiting"
    assert news.told == {}
    assert services.forwarding_of(target).state == "waiting"


def test_what_was_said_of_other_settings_is_history(target, channel):
    services.remember_relays([relay(target, "failed", reason="Wrong key.")])
    assert services.forwarding_of(target).state == "failed"
    changed = services.change_target(actor=channel.owner, target=target, key="the-right-one")
    assert services.forwarding_of(changed).state == "waiting"
    off = services.switch_target(actor=channel.owner, target=changed, on=False)
    assert services.forwarding_of(off).state == "off"


# The API


def test_the_api_adds_changes_switches_and_removes(channel, streamer):
    api, base = client_of(streamer), f"/api/channels/{channel.slug}/simulcast-targets"
    made = api.post(base, {"name": "YouTube", "url": "rtmps://a.rtmps.youtube.com/live2", "key": KEY})
    assert made.status_code == 201
    body = made.json()
    assert body | {"id": "", "createdAt": ""} == {
        "id": "", "name": "YouTube", "url": "rtmps://a.rtmps.youtube.com/live2", "keyEnding": "mnop",
        "isOn": True, "state": "waiting", "reason": "", "nextAttemptAt": None, "createdAt": "",
    }  # fmt: skip
    assert KEY not in made.content.decode()
    one = f"{base}/{body['id']}"
    assert api.get(base).json() == [body]
    assert api.get(one).json() == body
    changed = api.patch(one, {"isOn": False, "name": "Tube"}, format="json").json()
    assert (changed["isOn"], changed["state"], changed["name"]) == (False, "off", "Tube")
    refused = api.patch(one, {"url": "rtmp://evil.example/app", "isOn": True}, format="json")
    assert refused.status_code == 400
    assert api.get(one).json()["isOn"] is False, "all of it or nothing"
    assert api.patch(one, {}, format="json").status_code == 400
    assert api.get(f"{base}/{uuid.uuid4()}").status_code == 404
    assert api.get(f"{base}/nonsense").status_code == 404
    assert api.delete(one).status_code == 204
    assert api.get(base).json() == []


def test_the_api_asks_who_one_is(channel):
    visitor = APIClient()
    base = f"/api/channels/{channel.slug}/simulcast-targets"
    assert visitor.get(base).status_code == 401
    assert visitor.post(base, {}).status_code == 401
    with raises(SignInNeeded):
        services.forwardings(actor=_Nobody(), channel=channel)  # type: ignore[arg-type]


class _Nobody:
    is_authenticated = False
    pk = None


# The page


@pytest.fixture
def owner(streamer) -> Client:
    return browser_of(streamer)


def test_a_known_platform_needs_its_key_alone(channel, owner):
    path = f"/dashboard/{channel.slug}/simulcast"
    assert "shown here only" in owner.get(path).content.decode()
    answer = owner.post(path, {"service": "twitch", "key": KEY}, follow=True)
    page = answer.content.decode()
    assert "Your stream goes to Twitch, too." in page
    assert "••••mnop" in page
    assert KEY not in page
    assert "no-store" in answer.headers["Cache-Control"] or "no-cache" in answer.headers["Cache-Control"]
    assert channel.simulcast_targets.get().url == "rtmp://live.twitch.tv/app"


def test_another_platform_says_where(channel, owner):
    path = f"/dashboard/{channel.slug}/simulcast"
    refused = owner.post(path, {"service": "other", "key": KEY})
    assert refused.status_code == 422
    assert "Say where the other platform takes streams." in refused.content.decode()
    refused = owner.post(path, {"service": "other", "url": "rtmp://10.0.0.1/x", "key": KEY})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "not on the public internet" in page
    assert KEY not in page
    owner.post(path, {"service": "other", "url": "rtmp://in.example.org/x", "key": KEY})
    assert channel.simulcast_targets.get().name == "in.example.org"


def test_switches_keys_and_removal_work_without_a_script(target, channel, owner):
    base = f"/dashboard/{channel.slug}/simulcast"
    page = owner.post(f"{base}/{target.pk}/switch", {"on": "no"}, follow=True).content.decode()
    assert "Switch on" in page
    owner.post(f"{base}/{target.pk}/switch", {"on": "yes"})
    page = owner.post(f"{base}/{target.pk}/key", {"key": "a-new-key-of-many-letters"}, follow=True)
    assert "••••ters" in page.content.decode()
    page = owner.post(f"{base}/{target.pk}/key", {"key": ""}, follow=True).content.decode()
    assert "This is no stream key" in page
    page = owner.post(f"{base}/{target.pk}/remove", follow=True).content.decode()
    assert "Twitch is removed." in page
    assert not channel.simulcast_targets.exists()


@pytest.mark.parametrize("deed", ["switch", "key", "remove"])
def test_deeds_on_a_target_are_posted_by_its_owner(target, channel, owner, stranger, deed):
    path = f"/dashboard/{channel.slug}/simulcast/{target.pk}/{deed}"
    assert owner.get(path).status_code == 405
    assert browser_of(stranger).post(path, {"key": KEY}).status_code == 403
    assert Client().post(path).status_code == 302
    theirs = factories.channel(stranger)
    assert browser_of(stranger).post(path.replace(channel.slug, theirs.slug)).status_code == 404
    assert SimulcastTarget.objects.get().revision == 1


def test_the_page_tells_how_it_is_going(target, channel, owner):
    services.remember_relays(
        [relay(target, "retrying", reason="<b>It</b> hung up.", next_attempt_at=2_000_000_000)]
    )
    page = owner.get(f"/dashboard/{channel.slug}/simulcast").content.decode()
    assert 'data-state="retrying"' in page
    assert "&lt;b&gt;It&lt;/b&gt; hung up." in page
    assert "Next attempt at 03:33:20" in page


def test_a_full_channel_is_told_so_before_it_fills_in_a_form(channel, owner):
    for number in range(5):
        services.add_target(actor=channel.owner, channel=channel, name=f"T{number}", url=URL, key=KEY)
    page = owner.get(f"/dashboard/{channel.slug}/simulcast").content.decode()
    assert "at most 5 targets" in page
    assert 'name="service"' not in page


# Settings


def test_production_refuses_to_reach_its_own_network():
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "aethex.settings.prod",
        "SECRET_KEY": "x" * 50,
        "ALLOWED_HOSTS": "a.example",
        "PUBLIC_URL": "https://a.example",
        "DATABASE_URL": "postgres://a@b/c",
        "REDIS_URL": "redis://a/0",
        "SSL_REDIRECT": "0",
        "SIMULCAST_ALLOW_PRIVATE": "1",
    }
    command = [sys.executable, "-c", "import django; django.setup()"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "SIMULCAST_ALLOW_PRIVATE" in done.stderr
