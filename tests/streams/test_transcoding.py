"""Who makes which renditions: what makes sense, what a machine affords, and whose turn it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.streams import services, transcoder
from apps.streams.media import grants
from apps.streams.media.transcoding import LADDER, Budget, Rung, Source, fitting
from apps.streams.models import Node, Transcode
from tests import factories
from tests.streams.media.edge import eventually

FULL_HD = Source(1920, 1080, 30.0)
# Encodes 1080p at 30 pictures a second with one core.
SPEED = 1920 * 1080 * 30.0


def names(rungs: list[Rung]) -> list[str]:
    return [rung.name for rung in rungs]


def test_no_rendition_is_above_the_source() -> None:
    assert names(fitting(LADDER, FULL_HD, bitrate=6_000_000)) == ["720p", "480p", "160p", "audio"]
    assert names(fitting(LADDER, FULL_HD, bitrate=20_000_000))[0] == "1080p", "as high, with far fewer bits"
    assert names(fitting(LADDER, Source(640, 360, 30.0), bitrate=0)) == ["160p", "audio"]
    assert names(fitting(LADDER, Source(160, 90, 30.0), bitrate=0)) == ["audio"]


def test_a_small_machine_affords_nothing() -> None:
    for cores in (1, 2):
        assert Budget.of(cores=cores, speed=SPEED).afford(LADDER, FULL_HD) == []


def test_a_machine_affords_the_smallest_first() -> None:
    afforded = lambda cores, source=FULL_HD: names(Budget(cores, SPEED).afford(LADDER[1:], source))  # noqa: E731
    assert afforded(0.2) == ["160p", "audio"]
    assert afforded(0.5) == ["480p", "160p", "audio"]
    assert afforded(0.8) == ["720p", "480p", "160p", "audio"]
    assert afforded(0.8, Source(1920, 1080, 60.0)) == ["480p", "160p", "audio"], "twice the pictures"
    assert Budget(0.8, SPEED).without(0.8).afford(LADDER, FULL_HD) == [], "what is taken is taken"


def test_the_setting_chooses(settings) -> None:
    settings.RENDITIONS = ["480p", "audio"]
    assert names(transcoder.wanted_rungs()) == ["480p", "audio"]
    assert transcoder.why_not() == "", "the operator knows best"
    settings.RENDITIONS = ["off"]
    assert "RENDITIONS=off" in transcoder.why_not()
    settings.RENDITIONS = ["auto"]
    assert transcoder.wanted_rungs() == list(LADDER)
    assert bool(transcoder.why_not()) == (transcoder.cores() <= 2)


def claim(broadcast, worker="one") -> bool:
    return services.claim_transcode(broadcast_id=broadcast.pk, worker=worker)


def keep(broadcast, worker="one", trouble="") -> bool:
    return services.keep_transcode(broadcast_id=broadcast.pk, worker=worker, trouble=trouble)


def fall_silent(broadcast) -> None:
    long_ago = timezone.now() - Transcode.LEASE - timedelta(seconds=1)
    Transcode.objects.filter(pk=broadcast.pk).update(beat_at=long_ago)


@pytest.mark.django_db
def test_one_transcoder_has_a_broadcast_until_it_falls_silent(channel) -> None:
    assert services.awaiting_transcoder() == []
    broadcast = factories.live(channel)
    assert services.awaiting_transcoder() == [broadcast]
    assert claim(broadcast) and not claim(broadcast, "two") and not claim(broadcast)
    assert services.awaiting_transcoder() == []
    assert keep(broadcast) and not keep(broadcast, "two")
    fall_silent(broadcast)
    assert services.awaiting_transcoder() == [broadcast]
    assert claim(broadcast, "two")
    assert not keep(broadcast), "the first one hears that it lost it"
    services.leave_transcode(broadcast_id=broadcast.pk, worker="one")
    assert not claim(broadcast, "one"), "nobody leaves for another"
    services.leave_transcode(broadcast_id=broadcast.pk, worker="two")
    assert claim(broadcast, "one"), "at once"


@pytest.mark.django_db
def test_an_interrupted_broadcast_is_kept_and_one_that_ended_is_not(channel, streamer) -> None:
    broadcast = factories.live(channel)
    assert claim(broadcast)
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    assert keep(broadcast)
    broadcast.refresh_from_db()
    services.end_broadcast(actor=streamer, broadcast=broadcast)
    assert not keep(broadcast)
    fall_silent(broadcast)
    assert services.awaiting_transcoder() == []


@pytest.mark.django_db
def test_why_there_are_no_renditions_keeps_nobody_from_making_them(channel) -> None:
    broadcast = factories.live(channel)
    for trouble in ("No room.", "No ffmpeg."):
        services.explain_no_transcode(broadcast=broadcast, trouble=trouble)
        assert services.transcode_troubles([broadcast.pk]) == {broadcast.pk: trouble}
    assert claim(broadcast)
    services.explain_no_transcode(broadcast=broadcast, trouble="No room.")
    assert services.transcode_troubles([broadcast.pk]) == {broadcast.pk: ""}, "one makes them"
    assert keep(broadcast, trouble="Too slow.")
    assert services.transcode_troubles([broadcast.pk]) == {broadcast.pk: "Too slow."}
    fall_silent(broadcast)
    assert services.transcode_troubles([broadcast.pk]) == {}, "what a dead one said is history"


@pytest.mark.django_db
def test_what_was_said_once_is_not_said_every_two_seconds(channel, django_assert_num_queries) -> None:
    factories.live(channel)
    complaint = f"ffmpeg can't encode here: {'x' * 200}"

    def round() -> None:
        for broadcast in services.awaiting_transcoder():
            services.explain_no_transcode(broadcast=broadcast, trouble=complaint)

    round()
    assert len(Transcode.objects.get().trouble) == 200, "as much as there is room for"
    with django_assert_num_queries(1):
        round()


@pytest.mark.django_db
def test_a_grant_for_transcoding_opens_nothing_else(channel) -> None:
    broadcast = factories.live(channel)
    grant = services.transcoding_grant(broadcast_id=broadcast.pk, worker="one")
    now, key = timezone.now().timestamp(), services.transcoding_key()
    purpose = grants.TRANSCODING
    assert grants.verify(key, broadcast.pk.hex, grant, now=now, purpose=purpose)[0] == "one"
    with pytest.raises(grants.GrantRefused):
        grants.verify(services.grant_key(), broadcast.pk.hex, grant, now=now)
    watching = services.playback_url(broadcast=broadcast, viewer=factories.viewer()).split("/")[2]
    with pytest.raises(grants.GrantRefused):
        grants.verify(key, broadcast.pk.hex, watching, now=now, purpose=purpose)


@pytest.mark.django_db(transaction=True)
def test_whatever_goes_wrong_who_has_a_broadcast_goes_on_trying(channel) -> None:
    broadcast, now = factories.live(channel), timezone.now()
    Node.objects.create(name=broadcast.node, url="http://[nowhere", started_at=now, seen_at=now)
    job = transcoder.Job(transcoder.Transcoder(), broadcast)
    try:
        eventually(lambda: "Trying again" in job.trouble)
        assert job.thread.is_alive(), "its lease is renewed, so nobody else would"
    finally:
        job.stop()
        job.thread.join(5)
