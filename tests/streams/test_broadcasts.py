"""A broadcast's life, as its creator, its encoder and the sweeper move it."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest import raises

from apps.channels.models import Channel
from apps.core.errors import Conflict, Invalid, NotAllowed
from apps.streams import services
from apps.streams.media.ports import Refused
from apps.streams.models import Broadcast, IngestRefusal, Rehearsal, Status, StreamKey, ViewerSample
from apps.streams.services import Publishing
from tests import factories


def claim(key, session="session-1", node="ingest-1", silent_for=lambda stream_id: None):
    return services.claim_publish(
        key=key, session_id=session, node=node, address="10.1.2.3", silent_for=silent_for
    )


@pytest.fixture
def key(channel, streamer):
    return services.reveal_key(actor=streamer, channel=channel)


def test_the_key_is_the_same_until_it_is_rotated(channel, streamer, key):
    assert services.reveal_key(actor=streamer, channel=channel) == key
    assert services.rotate_key(actor=streamer, channel=channel) != key


def test_the_key_is_not_stored_in_clear(channel, key):
    row = StreamKey.objects.get()
    assert key not in row.key_encrypted
    assert key not in row.key_hash


def test_a_key_that_can_not_be_read_any_more_is_replaced(channel, streamer, key, settings):
    settings.SECRET_KEY = "another secret, because the first one was lost or changed"
    fresh = services.reveal_key(actor=streamer, channel=channel)
    assert fresh != key
    assert claim(fresh).channel == channel


def test_nobody_else_sees_or_rotates_the_key(channel, stranger, key):
    for verb in (services.reveal_key, services.rotate_key):
        with raises(NotAllowed):
            verb(actor=stranger, channel=channel)
    assert claim(key).channel == channel


def test_an_encoder_opens_the_broadcast_with_the_last_title(channel, streamer, key):
    opened = services.open_broadcast(actor=streamer, channel=channel, title="Episode 1")
    services.end_broadcast(actor=streamer, broadcast=opened)
    broadcast = claim(key)
    assert (broadcast.title, broadcast.status) == ("Episode 1", Status.OFFLINE)


def test_it_is_live_when_it_can_be_played(channel, key):
    broadcast = claim(key)
    assert services.start_broadcast(broadcast_id=broadcast.pk, session_id="session-1", video={"fps": 30})
    broadcast.refresh_from_db()
    assert broadcast.status == Status.LIVE
    assert broadcast.started_at is not None
    assert Channel.objects.get().is_live


def test_a_second_encoder_is_refused_while_the_first_sends(channel, key):
    first = claim(key)
    with raises(Refused) as refusal:
        claim(key, "session-2", silent_for=lambda stream_id: 0.3)
    assert refusal.value.code == "ALREADY_PUBLISHING"
    first.refresh_from_db()
    assert first.publisher_session == "session-1"
    assert IngestRefusal.objects.get().code == "ALREADY_PUBLISHING"


def test_an_encoder_that_was_silent_for_two_seconds_gives_way(channel, key):
    claim(key)
    assert claim(key, "session-2", silent_for=lambda stream_id: 2.1).publisher_session == "session-2"


def test_the_same_holds_across_nodes(channel, key):
    broadcast = claim(key, node="elsewhere")
    with raises(Refused):
        claim(key, "session-2")
    Broadcast.objects.filter(pk=broadcast.pk).update(media_at=timezone.now() - timedelta(seconds=4))
    assert claim(key, "session-2").publisher_session == "session-2"


def test_a_session_that_this_node_forgot_gives_way(channel, key):
    claim(key, node="ingest-1")
    assert claim(key, "session-2", node="ingest-1").publisher_session == "session-2"


def test_an_unknown_key_is_refused(db):
    with raises(Refused) as refusal:
        claim("live_" + "0" * 40)
    assert refusal.value.code == "KEY_UNKNOWN"


@pytest.mark.parametrize("key", ["", "\x00", "x" * 100_000, "' OR 1=1 --", "\udcff"])
def test_a_hostile_key_is_just_unknown(db, key):
    with raises(Refused):
        claim(key)


def test_a_rotated_key_is_refused_and_the_dashboard_knows(channel, streamer, key):
    services.rotate_key(actor=streamer, channel=channel)
    with raises(Refused) as refusal:
        claim(key)
    assert refusal.value.code == "KEY_ROTATED"
    assert IngestRefusal.objects.get().channel == channel


def test_a_suspended_channel_can_not_go_live(channel, streamer, key):
    Channel.objects.update(suspended_at=timezone.now())
    channel.refresh_from_db()
    with raises(Refused) as refusal:
        claim(key)
    assert refusal.value.code == "CHANNEL_SUSPENDED"
    with raises(NotAllowed):
        services.open_broadcast(actor=streamer, channel=channel, title="Hello")


def test_a_closed_account_can_not_go_live(channel, streamer, key):
    type(streamer).objects.update(is_active=False)
    with raises(Refused):
        claim(key)


def test_a_dropped_encoder_comes_back_into_the_same_broadcast(channel, key):
    broadcast = factories.live(channel)
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    broadcast.refresh_from_db()
    assert broadcast.status == Status.ENDING
    assert timedelta(seconds=58) < broadcast.ends_at - timezone.now() <= timedelta(seconds=60)
    assert claim(key, "session-2") == broadcast
    services.start_broadcast(broadcast_id=broadcast.pk, session_id="session-2", video={})
    broadcast.refresh_from_db()
    assert (broadcast.status, broadcast.ends_at) == (Status.LIVE, None)


def test_coming_back_in_the_last_second_is_in_time(channel, key):
    broadcast = factories.live(channel)
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    Broadcast.objects.update(ends_at=timezone.now() + timedelta(seconds=1))
    claim(key, "session-2")
    Broadcast.objects.get(ends_at__gt=timezone.now() + timedelta(seconds=10))


def test_a_late_goodbye_of_a_replaced_session_changes_nothing(channel, key):
    broadcast = factories.live(channel)
    claim(key, "session-2", silent_for=lambda stream_id: 3)
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    assert not services.start_broadcast(broadcast_id=broadcast.pk, session_id="session-1", video={})
    broadcast.refresh_from_db()
    assert broadcast.status == Status.LIVE


def test_who_does_not_come_back_in_time_has_ended(channel):
    broadcast = factories.live(channel)
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    assert services.sweep_broadcasts() == 0
    Broadcast.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert services.sweep_broadcasts() == 1
    broadcast.refresh_from_db()
    assert broadcast.status == Status.ARCHIVED
    assert not Channel.objects.get().is_live


def test_the_sweeper_finds_what_a_dead_node_left(channel):
    broadcast = factories.live(channel)
    Broadcast.objects.update(media_at=timezone.now() - timedelta(seconds=11))
    services.sweep_broadcasts()
    broadcast.refresh_from_db()
    assert broadcast.status == Status.ENDING


@pytest.mark.parametrize("was", ["interrupted", "crashed"])
def test_coming_back_the_next_morning_is_a_new_broadcast(channel, key, was):
    yesterday = factories.live(channel)
    long_ago = timezone.now() - timedelta(hours=8)
    if was == "interrupted":
        services.interrupt_broadcast(broadcast_id=yesterday.pk, session_id="session-1")
        Broadcast.objects.update(ends_at=long_ago + timedelta(seconds=60))
    else:
        Broadcast.objects.update(media_at=long_ago)
    assert claim(key, "session-2") != yesterday
    yesterday.refresh_from_db()
    assert yesterday.status == Status.ARCHIVED
    assert abs(yesterday.ended_at - long_ago) < timedelta(seconds=1)


def test_ending_twice_is_ending_once(channel, streamer):
    broadcast = factories.live(channel)
    for _ in range(2):
        ended = services.end_broadcast(actor=streamer, broadcast=broadcast)
    assert ended.status == Status.ARCHIVED


def refused(key, session="again"):
    with raises(Refused) as refusal:
        claim(key, session)
    return refusal.value.code


def test_an_encoder_that_comes_back_by_itself_does_not_undo_an_end(channel, streamer, key):
    services.end_broadcast(actor=streamer, broadcast=factories.live(channel))
    assert refused(key) == "ENDED_HERE"
    assert "half a minute" in IngestRefusal.objects.get().message
    assert not Broadcast.objects.open().exists()
    assert not Channel.objects.get().is_live


def test_it_comes_back_after_half_a_minute_of_quiet_and_no_attempt_is_quiet(channel, streamer, key):
    services.end_broadcast(actor=streamer, broadcast=factories.live(channel))
    StreamKey.objects.update(quiet_until=timezone.now() + timedelta(seconds=1))
    assert refused(key) == "ENDED_HERE"
    assert StreamKey.objects.get().quiet_until > timezone.now() + timedelta(seconds=28)
    StreamKey.objects.update(quiet_until=timezone.now() - timedelta(seconds=1))
    assert claim(key, "again").status == Status.OFFLINE


def test_announcing_the_next_broadcast_lets_it_in(channel, streamer, key):
    services.end_broadcast(actor=streamer, broadcast=factories.live(channel))
    assert refused(key) == "ENDED_HERE"
    announced = services.open_broadcast(actor=streamer, channel=channel, title="The next one")
    assert claim(key, "again") == announced


def test_an_end_sends_away_an_encoder_that_lost_its_line(channel, streamer, key):
    gone = factories.live(channel)
    services.interrupt_broadcast(broadcast_id=gone.pk, session_id="session-1")
    services.end_broadcast(actor=streamer, broadcast=gone)
    assert refused(key) == "ENDED_HERE"
    assert not Broadcast.objects.open().exists()


def test_an_announcement_that_is_withdrawn_sends_nobody_away(channel, streamer, key):
    announced = services.open_broadcast(actor=streamer, channel=channel, title="Perhaps")
    services.end_broadcast(actor=streamer, broadcast=announced)
    assert claim(key, "again") != announced


def test_a_rehearsal_and_a_new_key_are_not_sent_away(channel, streamer, key):
    services.end_broadcast(actor=streamer, broadcast=factories.live(channel))
    test_key = services.reveal_key(actor=streamer, channel=channel, kind=StreamKey.Kind.REHEARSAL)
    assert isinstance(claim(test_key, "test"), Rehearsal)
    assert refused(key) == "ENDED_HERE"
    assert claim(services.rotate_key(actor=streamer, channel=channel), "again").channel == channel


def test_a_stranger_neither_edits_nor_ends(channel, stranger):
    broadcast = factories.live(channel)
    with raises(NotAllowed):
        services.end_broadcast(actor=stranger, broadcast=broadcast)
    with raises(NotAllowed):
        services.edit_broadcast(actor=stranger, broadcast=broadcast, title="Mine")
    broadcast.refresh_from_db()
    assert broadcast.status == Status.LIVE


def test_going_live_again_before_the_start_changes_the_announcement(channel, streamer):
    first = services.open_broadcast(actor=streamer, channel=channel, title="One")
    second = services.open_broadcast(actor=streamer, channel=channel, title="Two", tags=["a"])
    assert first == second
    assert Broadcast.objects.get().title == "Two"


def test_going_live_while_live_is_a_conflict(channel, streamer):
    factories.live(channel)
    with raises(Conflict) as refusal:
        services.open_broadcast(actor=streamer, channel=channel, title="Again")
    assert refusal.value.code == "ALREADY_LIVE"


def test_the_database_keeps_one_open_broadcast_a_channel(channel):
    factories.live(channel)
    with raises(IntegrityError), transaction.atomic():
        Broadcast.objects.create(channel=channel, title="Second", status=Status.LIVE)


def test_a_title_can_not_be_empty_or_endless(channel, streamer):
    for title in ("", "  \u200e\n ", "\u200b", "x" * 141):
        with raises(Invalid) as refusal:
            services.open_broadcast(actor=streamer, channel=channel, title=title)
        assert list(refusal.value.fields) == ["title"]


def test_states_move_only_as_declared(channel):
    broadcast = Broadcast(channel=channel, title="x")
    with raises(Conflict):
        broadcast.advance(Status.ENDING)


def test_the_report_is_answered_with_what_to_end_and_whom_to_cut(channel, streamer, key):
    ended = factories.live(channel)
    services.end_broadcast(actor=streamer, broadcast=ended)
    services.open_broadcast(actor=streamer, channel=channel, title="The next one")
    rotated = claim(key, "old")
    services.rotate_key(actor=streamer, channel=channel)
    sending = factories.live(factories.channel(), "mine")
    Broadcast.objects.filter(pk=sending.pk).update(media_at=timezone.now() - timedelta(seconds=5))
    orders = services.report(
        [
            Publishing(ended.pk, "session-1", True),
            Publishing(rotated.pk, "old", True),
            Publishing(sending.pk, "mine", True),
            Publishing(channel.pk, None, False),  # never heard of
        ],
        node="elsewhere",
    )
    assert set(orders.end) == {ended.pk, channel.pk}
    assert orders.cut == [(rotated.pk, "old")]
    sending.refresh_from_db()
    assert timezone.now() - sending.media_at < timedelta(seconds=2)


def test_only_the_last_refusals_are_kept(channel, key):
    for n in range(25):
        services.note_refusal(channel_id=channel.pk, code=f"N{n}", message="no", address="::1")
    assert IngestRefusal.objects.count() == 20
    assert IngestRefusal.objects.first().code == "N24"


def test_a_codec_refusal_reaches_the_creator(channel, key):
    services.refuse_encoder(key=key, address="::1", code="VIDEO_CODEC", message="Use H.264 video.")
    services.refuse_encoder(key="nonsense", address="::1", code="VIDEO_CODEC", message="Use H.264 video.")
    assert IngestRefusal.objects.get().channel == channel


def test_a_sample_a_minute_is_kept(channel):
    from apps.core import presence

    broadcast = factories.live(channel)
    presence.touch(channel.pk, ["a" * 16, "b" * 16])
    services.sample_viewers()
    services.sample_viewers()
    broadcast.refresh_from_db()
    assert (broadcast.viewer_count, broadcast.peak_viewers, broadcast.unique_viewers) == (2, 2, 2)
    assert ViewerSample.objects.get().viewers == 2


def test_however_many_are_on_air_their_viewers_are_counted_in_some_queries(
    channel, django_assert_num_queries
):
    from apps.core import presence

    live = [factories.live(factories.channel()) for _ in range(12)]
    for number, broadcast in enumerate(live):
        presence.touch(broadcast.channel_id, [f"viewer{number:02}{each:08}" for each in range(number)])
    # What is on air, the held rows, their numbers, the samples of this minute, new ones; and a savepoint.
    with django_assert_num_queries(7):
        assert services.sample_viewers() == 12
    for number, broadcast in enumerate(live):
        broadcast.refresh_from_db()
        assert (broadcast.viewer_count, broadcast.peak_viewers, broadcast.unique_viewers) == (number,) * 3
        assert broadcast.samples.get().viewers == number


def test_where_nobody_comes_or_goes_nothing_is_written(channel, django_assert_num_queries):
    from apps.core import presence

    broadcast = factories.live(channel)
    presence.touch(channel.pk, ["a" * 16])
    services.sample_viewers()
    with django_assert_num_queries(2):
        services.sample_viewers()
    presence.touch(channel.pk, ["b" * 16])
    services.sample_viewers()
    broadcast.refresh_from_db()
    assert (broadcast.viewer_count, ViewerSample.objects.get().viewers) == (2, 2)


def test_nothing_to_play_is_a_conflict(channel, streamer):
    broadcast = services.open_broadcast(actor=streamer, channel=channel, title="Soon")
    with raises(Conflict) as refusal:
        services.playback_url(broadcast=broadcast, viewer=factories.viewer())
    assert refusal.value.code == "NOT_LIVE"


@pytest.mark.django_db(transaction=True)
def test_an_encoder_that_comes_and_an_end_never_wait_for_each_other(channel, streamer, key):
    problems = []

    def come_and_go(rounds):
        for number in range(rounds):
            try:
                StreamKey.objects.update(quiet_until=None)
                broadcast = claim(key, f"session-{number}")
                services.start_broadcast(
                    broadcast_id=broadcast.pk, session_id=broadcast.publisher_session, video={}
                )
            except Refused:
                pass  # the round before still sends
            except Exception as problem:
                problems.append(problem)
        connection.close()

    def end(rounds):
        for _ in range(rounds):
            for broadcast in Broadcast.objects.open():
                try:
                    services.end_broadcast(actor=streamer, broadcast=broadcast)
                except Exception as problem:
                    problems.append(problem)
        connection.close()

    threads = [threading.Thread(target=each, args=(60,)) for each in (come_and_go, end)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_takeover_keeps_what_was_decided_meanwhile(channel, streamer, key):
    live = factories.live(channel)
    services.interrupt_broadcast(broadcast_id=live.pk, session_id="session-1")
    again = claim(key, "session-2")
    assert (again.pk, again.status) == (live.pk, Status.ENDING)
    services.end_broadcast(actor=streamer, broadcast=live)
    assert not services.start_broadcast(broadcast_id=live.pk, session_id="session-2", video={})
