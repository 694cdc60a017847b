"""The pre-flight: a private test of an encoder that disturbs nothing and leaves a verdict."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest import raises
from rest_framework.test import APIClient

from apps.channels.models import Channel
from apps.core.audit import AuditEntry
from apps.core.errors import Conflict, NotAllowed
from apps.streams import services
from apps.streams.media.grants import UNCOUNTED
from apps.streams.media.ports import Refused
from apps.streams.models import Broadcast, IngestRefusal, Rehearsal, StreamKey
from apps.streams.services import Publishing
from apps.streams.services.rehearsals import rehearsal_id, stream_id_of
from tests import factories

TEST = StreamKey.Kind.REHEARSAL
VERDICT = {"grade": "good", "secondsLeft": 0, "findings": []}


@pytest.fixture
def key(channel, streamer):
    return services.reveal_key(actor=streamer, channel=channel, kind=TEST)


def claim(key, session="test-1", node="ingest-1", silent_for=lambda stream_id: None):
    return services.claim_publish(
        key=key, session_id=session, node=node, address="10.1.2.3", silent_for=silent_for
    )


def shown(key, session="test-1"):
    """A rehearsal whose picture can be played."""
    rehearsal = claim(key, session)
    services.show_rehearsal(rehearsal_id=rehearsal.pk, session_id=session)
    return Rehearsal.objects.select_related("channel").get(pk=rehearsal.pk)


def client_of(user):
    client = APIClient()
    client.force_authenticate(user, token=factories.claims(user) if user else None)
    return client


def test_the_test_key_is_kept_as_carefully_as_the_other(channel, streamer, stranger, key):
    main = services.reveal_key(actor=streamer, channel=channel)
    assert key.startswith("test_")
    assert services.reveal_key(actor=streamer, channel=channel, kind=TEST) == key != main
    for row in StreamKey.objects.all():
        assert key not in row.key_encrypted + row.key_hash
    for verb in (services.reveal_key, services.rotate_key):
        with raises(NotAllowed):
            verb(actor=stranger, channel=channel, kind=TEST)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"test_key.revealed", "stream_key.revealed"} <= actions


def test_each_key_is_rotated_on_its_own(channel, streamer, key):
    main = services.reveal_key(actor=streamer, channel=channel)
    fresh = services.rotate_key(actor=streamer, channel=channel, kind=TEST)
    with raises(Refused) as refusal:
        claim(key)
    assert refusal.value.code == "KEY_ROTATED"
    assert isinstance(claim(fresh), Rehearsal)
    assert services.reveal_key(actor=streamer, channel=channel) == main
    services.rotate_key(actor=streamer, channel=channel)
    assert services.reveal_key(actor=streamer, channel=channel, kind=TEST) == fresh


def test_a_rehearsal_is_nothing_that_anybody_hears_of(channel, key, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        rehearsal = shown(key)
    assert rehearsal.state == "running"
    assert not Broadcast.objects.exists()
    assert not Channel.objects.get().is_live
    assert APIClient().get("/api/streams").json()["total"] == 0
    assert APIClient().get(f"/api/stream/status?channel={channel.slug}").json() == {"isLive": False}
    assert APIClient().get(f"/api/streams/{rehearsal.pk}").status_code == 404
    assert APIClient().get(f"/api/streams/{rehearsal.pk}/hls").status_code == 404


def test_it_disturbs_no_broadcast(channel, key):
    live = factories.live(channel)
    rehearsal = shown(key)
    live.refresh_from_db()
    assert live.is_live
    assert live.publisher_session == "session-1"
    services.end_rehearsal(rehearsal_id=rehearsal.pk, session_id="test-1")
    live.refresh_from_db()
    assert live.is_live
    orders = services.report([Publishing(live.pk, "session-1", True)], node="elsewhere")
    assert (orders.end, orders.cut) == ([], [])


def test_every_connection_is_a_rehearsal_of_its_own(channel, key):
    first = shown(key)
    services.note_verdict(rehearsal_id=first.pk, verdict=VERDICT)
    services.end_rehearsal(rehearsal_id=first.pk, session_id="test-1")
    second = claim(key, "test-2")
    assert second.pk != first.pk
    assert Rehearsal.objects.get().verdict == {}


def test_a_second_encoder_is_refused_while_the_first_sends(channel, key):
    first = claim(key)
    with raises(Refused) as refusal:
        claim(key, "test-2", silent_for={first.publisher_session: 0.2}.get)
    assert refusal.value.code == "ALREADY_PUBLISHING"
    assert IngestRefusal.objects.get().code == "ALREADY_PUBLISHING"
    assert claim(key, "test-2", silent_for={first.publisher_session: 2.5}.get).pk != first.pk


def test_a_suspended_channel_can_not_rehearse(channel, key):
    Channel.objects.update(suspended_at=timezone.now())
    with raises(Refused) as refusal:
        claim(key)
    assert refusal.value.code == "CHANNEL_SUSPENDED"


def test_the_report_is_answered_with_what_is_over_and_whom_to_cut(channel, streamer, key):
    rehearsal = claim(key)
    mine = Publishing(rehearsal.pk, "test-1", True)
    assert services.report_rehearsals([mine]) == services.Orders([], [])
    assert services.report_rehearsals([Publishing(channel.pk, "x", True)]).end == [channel.pk]
    services.rotate_key(actor=streamer, channel=channel, kind=TEST)
    assert services.report_rehearsals([mine]).end == [rehearsal.pk]
    Rehearsal.objects.update(ended_at=None, publisher_session="test-2")
    assert services.report_rehearsals([mine]).cut == [(rehearsal.pk, "test-1")]
    Rehearsal.objects.update(publisher_session="test-1", began_at=timezone.now() - timedelta(minutes=31))
    assert services.report_rehearsals([mine]).end == [rehearsal.pk]


def test_who_loses_the_right_to_rehearse_is_cut_and_over_at_once(channel, streamer, key):
    rehearsal = shown(key)
    services.rotate_key(actor=streamer, channel=channel, kind=TEST)
    rehearsal.refresh_from_db()
    assert rehearsal.state == "over"
    again = shown(services.reveal_key(actor=streamer, channel=channel, kind=TEST), "test-2")
    mine = Publishing(again.pk, "test-2", True)
    assert services.report_rehearsals([mine]).end == []
    Channel.objects.update(suspended_at=timezone.now())
    assert services.report_rehearsals([mine]).end == [again.pk]
    again.refresh_from_db()
    assert again.state == "over"


def test_one_whose_encoder_or_node_is_gone_is_over(channel, key):
    rehearsal = shown(key)
    services.end_rehearsal(rehearsal_id=rehearsal.pk, session_id="somebody else's")
    rehearsal.refresh_from_db()
    assert rehearsal.state == "running"
    Rehearsal.objects.update(media_at=timezone.now() - timedelta(seconds=11))
    rehearsal.refresh_from_db()
    assert rehearsal.state == "over"
    assert claim(key, "test-2", node="elsewhere").state == "connecting"


def test_only_the_crew_gets_the_private_picture_and_counts_as_nobody(channel, streamer, stranger, key):
    rehearsal = shown(key)
    url = services.rehearsal_url(actor=streamer, rehearsal=rehearsal)
    _, _, grant, stream_id, name = url.split("/")
    assert (stream_id, name) == (stream_id_of(rehearsal), "index.m3u8")
    assert grant.split(".")[1] == UNCOUNTED
    with raises(NotAllowed):
        services.rehearsal_url(actor=stranger, rehearsal=rehearsal)
    services.end_rehearsal(rehearsal_id=rehearsal.pk, session_id="test-1")
    rehearsal.refresh_from_db()
    with raises(Conflict):
        services.rehearsal_url(actor=streamer, rehearsal=rehearsal)


def test_the_name_of_its_stream_leads_back_to_it(channel, key):
    rehearsal = claim(key)
    assert rehearsal_id(stream_id_of(rehearsal)) == rehearsal.pk
    assert rehearsal_id(rehearsal.pk.hex) is None


def test_the_api_tells_the_crew_how_it_goes(channel, streamer, stranger, key):
    mine, path = client_of(streamer), f"/api/channels/{channel.pk}/rehearsal"
    assert mine.get(path).json() | {"expiresIn": 0} == {
        "rehearsal": None,
        "hlsUrl": None,
        "health": None,
        "expiresIn": 0,
    }
    rehearsal = shown(key)
    services.note_verdict(rehearsal_id=rehearsal.pk, verdict=VERDICT)
    running = mine.get(path)
    assert "no-store" in running.headers["Cache-Control"]
    told = running.json()
    assert (told["rehearsal"]["state"], told["rehearsal"]["verdict"]) == ("running", VERDICT)
    assert stream_id_of(rehearsal) in told["hlsUrl"]
    assert told["health"]["connected"] is False
    services.end_rehearsal(rehearsal_id=rehearsal.pk, session_id="test-1")
    over = mine.get(path).json()
    assert (over["rehearsal"]["state"], over["rehearsal"]["verdict"], over["hlsUrl"]) == (
        "over",
        VERDICT,
        None,
    )


def test_the_test_key_is_told_and_rotated_by_the_owner_only(channel, streamer, stranger, key):
    path = f"/api/channels/{channel.pk}/test-key"
    assert client_of(streamer).get(path).json()["streamKey"] == key
    assert client_of(streamer).post(path).json()["streamKey"] != key
    assert [client_of(stranger).get(path).status_code, client_of(stranger).post(path).status_code] == [
        403,
        403,
    ]
    assert APIClient().get(path).status_code == 401
