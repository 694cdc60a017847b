"""C11: a hosted provider's events drive the same lifecycle as our own ingest."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest import raises

from apps.channels.services import delete_channel
from apps.core.models import AuditEntry
from apps.streams import services
from apps.streams.media.ports import Refused
from apps.streams.models import Broadcast, IngestRefusal, LiveInput, Status
from apps.vod.models import Recording
from apps.vod.services import finish_recordings
from tests import factories
from tests.fakes import cloudflare, mux


@pytest.fixture
def door(host, channel) -> LiveInput:
    """The channel's input; its key was looked at."""
    services.reveal_key(actor=channel.owner, channel=channel)
    return LiveInput.objects.get()


@pytest.fixture
def live(host, door, tell) -> Broadcast:
    """The channel is live through the provider, for a minute."""
    assert tell(host.started(door.external_id, time.time() - 60)) == 204
    return Broadcast.objects.with_channel().get()


def status() -> str:
    return Broadcast.objects.get().status


# The key


def test_the_key_is_the_service_s_sealed_and_the_same_when_looked_at_again(host, channel, mine):
    body = mine.get(f"/api/channels/{channel.pk}/stream-key").json()
    door = LiveInput.objects.get()
    stream = host.streams[door.external_id]
    assert body["streamKey"] == (stream.get("stream_key") or stream["rtmps"]["streamKey"])
    assert body["rtmpUrl"] == door.ingest_url
    assert set(body.values()) == {body["streamKey"], door.ingest_url, None}, "no door of ours"
    assert body["streamKey"] not in str(LiveInput.objects.values().get())
    assert mine.get(f"/api/channels/{channel.pk}/stream-key").json() == body
    assert len(host.streams) == 1
    assert body["streamKey"] not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.filter(action="stream_key.revealed").count() == 2


def test_a_new_key_is_made_there_and_the_input_stays(host, channel, door, mine):
    before = mine.get(f"/api/channels/{channel.pk}/stream-key").json()["streamKey"]
    after = mine.post(f"/api/channels/{channel.pk}/stream-key").json()["streamKey"]
    assert after != before
    assert mine.get(f"/api/channels/{channel.pk}/stream-key").json()["streamKey"] == after
    assert list(host.streams) == [door.external_id]


def test_only_who_may_use_the_key_has_the_service_asked(host, channel, theirs, visitor):
    assert theirs.get(f"/api/channels/{channel.pk}/stream-key").status_code == 403
    assert theirs.post(f"/api/channels/{channel.pk}/stream-key").status_code == 403
    assert visitor.get(f"/api/channels/{channel.pk}/stream-key").status_code == 401
    assert host.asked == []


def test_a_service_that_is_down_is_told_to_the_creator_and_nothing_is_left_behind(host, channel, mine):
    host.breaks(500)
    answer = mine.get(f"/api/channels/{channel.pk}/stream-key")
    assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
    assert "Try again in a minute" in answer.json()["message"]
    assert not LiveInput.objects.exists()
    assert mine.get(f"/api/channels/{channel.pk}/stream-key").status_code == 200


def test_a_key_that_can_t_be_opened_any_more_is_replaced(host, channel, door):
    LiveInput.objects.update(key_encrypted="sealed with another SECRET_KEY")
    key = services.reveal_key(actor=channel.owner, channel=channel)
    stream = host.streams[door.external_id]
    assert key == (stream.get("stream_key") or stream["rtmps"]["streamKey"])


def test_an_input_that_somebody_deleted_there_is_made_anew(host, channel, door):
    host.streams.clear()
    assert services.rotate_key(actor=channel.owner, channel=channel)
    assert list(host.streams) == [LiveInput.objects.get().external_id]


def test_two_looks_at_once_end_with_one_input(host, channel, monkeypatch):
    from apps.streams.services import inputs

    # The other one is here first, after this one has found nothing.
    found = inputs._input_of
    answers = iter([lambda *_: None])
    other = services.reveal_key(actor=channel.owner, channel=channel)
    monkeypatch.setattr(inputs, "_input_of", lambda *args: next(answers, found)(*args))
    assert services.reveal_key(actor=channel.owner, channel=channel) == other
    assert len(host.streams) == 2
    assert services.settle_inputs() == 1
    assert list(host.streams) == [LiveInput.objects.get().external_id]


def test_the_test_key_stays_ours(host, channel, mine):
    body = mine.get(f"/api/channels/{channel.pk}/test-key").json()
    assert body["streamKey"].startswith("test_")
    assert body["rtmpUrl"] == "rtmp://testserver/live"
    assert host.asked == []


def test_our_own_ingest_refuses_stream_keys_meanwhile_and_says_where_to_send(channel, request):
    key = services.reveal_key(actor=channel.owner, channel=channel)
    request.getfixturevalue("mux_host")
    with raises(Refused, match="takes streams through Mux"):
        services.claim_publish(
            key=key, session_id="s", node="n", address="127.0.0.1", silent_for=lambda stream_id: None
        )
    assert not Broadcast.objects.exists()
    assert IngestRefusal.objects.get().code == "SENDS_ELSEWHERE"


# The life of a broadcast


def test_the_whole_life_of_a_broadcast(
    host, channel, door, tell, visitor, django_capture_on_commit_callbacks
):
    began = time.time() - 100
    with django_capture_on_commit_callbacks(execute=True):
        assert tell(host.started(door.external_id, began)) == 204
    broadcast = Broadcast.objects.get()
    assert (broadcast.status, broadcast.provider) == (Status.LIVE, door.provider)
    channel.refresh_from_db()
    assert channel.is_live
    shown = visitor.get("/api/stream/status?channel=night-drive").json()["stream"]
    assert shown["hlsUrl"].startswith(f"{host.url}/{door.playback_id}")
    assert shown["storyboardUrl"] is None

    assert tell(host.stopped(door.external_id, began + 10)) == 204
    assert status() == Status.ENDING
    assert tell(host.started(door.external_id, began + 20)) == 204
    assert status() == Status.LIVE
    assert tell(host.stopped(door.external_id, began + 30)) == 204
    Broadcast.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    services.sweep_broadcasts()
    assert status() == Status.ARCHIVED
    channel.refresh_from_db()
    assert not channel.is_live

    assert Recording.objects.get().status == Recording.Status.PROCESSING
    with django_capture_on_commit_callbacks(execute=True):
        assert tell(host.recorded(door.external_id, began, 30.0)) == 204
    recording = Recording.objects.get()
    assert (recording.status, recording.provider) == (Recording.Status.READY, door.provider)
    assert (recording.playback_id, recording.duration_ms) == ("asset-1-playback", 30_000)


def test_what_was_announced_is_what_starts(host, channel, door, tell):
    announced = services.open_broadcast(actor=channel.owner, channel=channel, title="Episode 1")
    tell(host.started(door.external_id))
    assert Broadcast.objects.get().pk == announced.pk
    assert status() == Status.LIVE


def test_the_same_event_twice_changes_nothing(host, channel, door, tell):
    started, stopped = host.started(door.external_id, time.time() - 50), host.stopped(door.external_id)
    tell(started)
    before = Broadcast.objects.values().get()
    tell(started)
    assert Broadcast.objects.values().get() == before
    tell(stopped)
    before = Broadcast.objects.values().get()
    tell(stopped)
    tell(started)
    assert Broadcast.objects.values().get() == before
    assert before["status"] == Status.ENDING


def test_events_that_overtake_each_other_end_where_they_would_have_ended(host, door, tell):
    now = time.time()
    events = [
        host.started(door.external_id, now - 30),
        host.stopped(door.external_id, now - 20),
        host.started(door.external_id, now - 10),
    ]
    for event in (events[2], events[0], events[1]):
        tell(event)
    assert status() == Status.LIVE


def test_a_late_end_does_not_end_the_next_broadcast(host, channel, door, live, tell):
    now = time.time()
    services.end_broadcast(actor=channel.owner, broadcast=live)
    services.open_broadcast(actor=channel.owner, channel=channel, title="Episode 2")
    tell(host.started(door.external_id, now))
    tell(host.stopped(door.external_id, now - 5))
    assert Broadcast.objects.open().get().status == Status.LIVE


def test_events_of_one_moment_have_one_order_however_they_arrive(mux_host, channel, tell):
    services.reveal_key(actor=channel.owner, channel=channel)
    name, at = LiveInput.objects.get().external_id, time.time()
    started, stopped = mux_host.started(name, at, "e1"), mux_host.stopped(name, at, "e2")
    for event in (stopped, started, stopped, started):
        tell(event)
    assert not Broadcast.objects.exists()
    for event in (
        mux_host.started(name, at + 1, "e3"),
        mux_host.stopped(name, at + 1, "e4"),
        started,
        stopped,
    ):
        tell(event)
    assert status() == Status.ENDING


def test_mux_says_when_it_waits_no_longer(mux_host, channel, tell):
    services.reveal_key(actor=channel.owner, channel=channel)
    name = LiveInput.objects.get().external_id
    tell(mux_host.started(name, time.time() - 60))
    tell(mux_host.stopped(name, time.time() - 30))
    tell(mux_host.over(name))
    assert status() == Status.ARCHIVED


def test_what_cloudflare_does_not_take_is_told_to_the_creator(cloudflare_host, channel, tell):
    services.reveal_key(actor=channel.owner, channel=channel)
    name = LiveInput.objects.get().external_id
    words = "Input GOP size or keyframe interval is out of range."
    assert tell(cloudflare_host.errored(name, "ERR_GOP_OUT_OF_RANGE", words)) == 204
    refusal = IngestRefusal.objects.get()
    assert (refusal.code, refusal.message) == ("ERR_GOP_OUT_OF_RANGE", words)


def test_the_end_on_the_dashboard_shuts_the_input_until_the_next_is_announced(
    host, channel, door, live, tell
):
    services.end_broadcast(actor=channel.owner, broadcast=live)
    # The encoder has come back by itself before the provider was told.
    tell(host.started(door.external_id))
    assert status() == Status.ARCHIVED
    assert services.settle_inputs() == 1
    stream = host.streams[door.external_id]
    assert stream["status"] == "disabled" or stream["enabled"] is False
    assert services.settle_inputs() == 0
    services.open_broadcast(actor=channel.owner, channel=channel, title="Episode 2")
    assert services.settle_inputs() == 1
    assert stream["status"] == "idle" or stream["enabled"] is True
    tell(host.started(door.external_id))
    assert Broadcast.objects.open().get().status == Status.LIVE


def test_what_the_service_does_not_take_now_is_told_again(host, channel, door, live):
    services.end_broadcast(actor=channel.owner, broadcast=live)
    host.breaks(400)
    assert services.settle_inputs() == 0
    assert services.settle_inputs() == 1


def test_a_suspended_channel_does_not_go_live_and_its_input_is_shut(host, channel, door, tell):
    channel.suspended_at = timezone.now()
    channel.save()
    tell(host.started(door.external_id))
    assert not Broadcast.objects.exists()
    assert IngestRefusal.objects.get().code == "CHANNEL_SUSPENDED"
    assert services.settle_inputs() == 1
    stream = host.streams[door.external_id]
    assert stream["status"] == "disabled" or stream["enabled"] is False


def test_an_encoder_of_our_own_ingest_keeps_its_broadcast(channel, tell, request, settings):
    own = factories.live(channel)
    host = request.getfixturevalue("mux_host")
    services.reveal_key(actor=channel.owner, channel=channel)
    door = LiveInput.objects.get()
    tell(host.started(door.external_id))
    own.refresh_from_db()
    assert (own.status, own.provider, own.publisher_session) == (Status.LIVE, "", "session-1")
    assert Broadcast.objects.count() == 1
    assert IngestRefusal.objects.get().code == "ALREADY_PUBLISHING"


def test_a_deleted_channel_s_input_is_deleted_there(host, channel, door):
    delete_channel(actor=channel.owner, channel=channel, confirmation=channel.slug)
    assert services.settle_inputs() == 1
    assert host.streams == {}
    assert not LiveInput.objects.exists()


# What keeps watch


def test_no_report_of_a_node_is_expected_of_a_provider(live):
    Broadcast.objects.update(media_at=timezone.now() - timedelta(minutes=5))
    assert services.sweep_broadcasts() == 0
    assert status() == Status.LIVE


def test_no_picture_is_taken_of_what_is_not_here(live):
    assert services.picture_live_broadcasts() == 0
    live.refresh_from_db()
    assert live.pictured_at is None


def test_an_end_that_nobody_told_is_found_by_asking(host, door, live):
    LiveInput.objects.update(heard_at=timezone.now() - timedelta(minutes=2))
    host.set_live(door.external_id, True)
    assert services.check_hosted() == 0
    host.set_live(door.external_id, False)
    assert services.check_hosted() == 1
    assert status() == Status.ENDING


def test_a_start_that_nobody_told_is_found_by_asking(host, channel, door):
    services.open_broadcast(actor=channel.owner, channel=channel, title="Episode 1")
    host.set_live(door.external_id, True)
    assert services.check_hosted() == 1
    assert status() == Status.LIVE


def test_what_was_told_a_moment_ago_is_not_doubted(host, door, tell):
    tell(host.started(door.external_id))
    host.set_live(door.external_id, False)
    assert services.check_hosted() == 0
    assert status() == Status.LIVE


def test_a_service_that_can_t_be_asked_changes_nothing(host, door, live):
    LiveInput.objects.update(heard_at=timezone.now() - timedelta(minutes=2))
    host.breaks(400)
    assert services.check_hosted() == 0
    assert status() == Status.LIVE


def test_a_site_that_leaves_its_provider_ends_what_it_had_there(host, live, settings, visitor):
    settings.STREAM_PROVIDER = "builtin"
    assert visitor.get("/api/streams").json()["data"][0]["hlsUrl"] is None
    answer = visitor.get(f"/api/streams/{Broadcast.objects.get().pk}/hls")
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_LIVE"), "there is nothing to play"
    assert visitor.get(f"/streams/{live.channel.slug}").status_code == 200
    services.rotate_key(actor=live.channel.owner, channel=live.channel)
    assert services.check_hosted() == 1
    assert status() == Status.ENDING, "a new key of our own ingest was no concern of it"
    assert services.settle_inputs() == 0


# Recordings


def test_a_recording_goes_to_the_broadcast_that_it_is_of(host, channel, door, tell, live):
    services.end_broadcast(actor=channel.owner, broadcast=live)
    services.open_broadcast(actor=channel.owner, channel=channel, title="Episode 2")
    tell(host.started(door.external_id))
    first, second = Broadcast.objects.order_by("started_at")
    Broadcast.objects.filter(pk=first.pk).update(started_at=timezone.now() - timedelta(minutes=10))
    began = time.time() - 602
    tell(host.recorded(door.external_id, began, 300.0, "asset-1"))
    tell(host.recorded(door.external_id, began + 310, 20.0, "asset-2"))
    tell(host.recorded(door.external_id, began, 300.0, "asset-1"))
    assert Recording.objects.get(broadcast=first).playback_id == "asset-1-playback"
    assert not Recording.objects.filter(broadcast=second).exclude(playback_id="").exists()


def test_a_hosted_recording_is_not_looked_for_in_our_storage_and_given_up_after_days(
    host, channel, live, django_capture_on_commit_callbacks
):
    Recording.objects.create(broadcast=live, path=live.pk.hex)
    services.end_broadcast(actor=channel.owner, broadcast=live)
    Broadcast.objects.update(archived_at=timezone.now() - timedelta(hours=20))
    assert finish_recordings() == 0
    assert Recording.objects.get().status == Recording.Status.PROCESSING
    Broadcast.objects.update(archived_at=timezone.now() - timedelta(days=3))
    assert finish_recordings() == 1
    assert Recording.objects.get().status == Recording.Status.FAILED


# Who may tell


def test_unsigned_words_change_nothing(host, door, tell):
    webhook = host.started(door.external_id)
    for headers in (
        {},
        dict.fromkeys(webhook.headers, "guess"),
        mux.signed(webhook.body, secret="another").headers,
        cloudflare.signed(webhook.body, secret="another").headers,
        mux.signed(webhook.body, at=time.time() - 400).headers,
        cloudflare.signed(webhook.body, at=time.time() - 400).headers,
        mux.signed(webhook.body + b" ").headers,
        cloudflare.signed(webhook.body + b" ").headers,
    ):
        assert tell(mux.Webhook(webhook.body, headers)) == 403
    assert not Broadcast.objects.exists()
    assert LiveInput.objects.get().heard_at is None


def test_a_provider_that_is_off_has_no_door(channel, tell, mux_host, settings):
    webhook = mux_host.started("x")
    assert tell(webhook, "/api/webhooks/cloudflare") == 404
    assert tell(webhook, "/api/webhooks/another") == 404
    settings.STREAM_PROVIDER = "builtin"
    assert tell(webhook, "/api/webhooks/mux") == 404


def test_bodies_have_a_limit_and_get_no_answer_of_use(tell, mux_host):
    assert tell(mux.signed(b" " * 300_000)) == 413
    assert tell(mux.signed(b"nonsense")) == 400


def test_inputs_of_others_in_the_same_account_are_of_no_concern(tell, host):
    assert tell(host.started("somebodys-own-input")) == 204
    assert not Broadcast.objects.exists()


def test_the_door_of_one_stream_takes_the_events_of_its_channel_alone(host, channel, door, live, tell):
    path = f"/api/streams/{live.pk}/webhooks"
    other = factories.channel()
    services.reveal_key(actor=other.owner, channel=other)
    assert tell(host.stopped(other.live_inputs.get().external_id), path) == 404
    assert tell(host.stopped(door.external_id), path) == 204
    assert status() == Status.ENDING
    assert tell(mux.Webhook(b"{}", {}), path) == 403
