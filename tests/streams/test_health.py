"""Health as processes share it: what a node says of its streams, and what players tell."""

from __future__ import annotations

import dataclasses
import time

import pytest
from rest_framework.test import APIClient

from apps.channels.models import ChannelRole
from apps.channels.roles import Role
from apps.core.viewers import COOKIE
from apps.streams import services
from apps.streams.audience import Stall, audiences, next_report, note_playback
from apps.streams.health import graph_of, health_of
from apps.streams.media import Sample, StreamInfo
from apps.streams.monitors import Monitors
from tests import factories
from tests.streams.vitals.samples import BEGAN, away, good


def info(broadcast, **fields):
    """A node's stream, as good as they come."""
    known = {field.name: 0 for field in dataclasses.fields(StreamInfo)} | {
        "stream_id": broadcast.pk.hex,
        "channel_id": broadcast.channel_id.hex,
        "session_id": "one",
        "state": "live",
        "encoder": "obs-output module",
        "width": 1920,
        "height": 1080,
        "frame_rate": 30.0,
        "video_codec": "avc1.640028",
        "audio_codec": "mp4a.40.2",
        "video_bitrate": 5_840_000,
        "audio_bitrate": 160_000,
        "keyframe_interval": 2.0,
        "delay_ms": 400,
        "viewers": 3,
    }
    return StreamInfo(**known | fields)


def run(monitors, stream, seconds, began=BEGAN):
    """So many seconds of samples, judged every other second, as a node does."""
    for number, fields in enumerate(seconds):
        monitors.take({stream.stream_id: Sample(at=began + number, **fields)})
        if number % 2:
            monitors.tell([stream])


def client_of(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_what_a_node_measured_is_there_for_every_process(channel):
    broadcast = factories.live(channel)
    run(Monitors(), info(broadcast), good(20))
    told = client_of(channel.owner).get(f"/api/streams/{broadcast.pk}/health").json()
    assert (told["connected"], told["bitrateKbps"], told["fps"], told["nominalFps"]) == (True, 6000, 30, 30)
    assert (told["profile"], told["level"], told["sound"]) == ("High", "4.0", "present")
    assert (told["keyframeSeconds"], told["jitterMs"], told["missingPercent"]) == (2, 3, 0)
    assert told["alerts"] == []
    assert len(told["history"]) == 10
    assert set(told["history"][0]) == {"at", "bitrateKbps", "fps"}


def test_an_alert_names_its_cure_and_its_beginning(channel):
    broadcast = factories.live(channel)
    run(Monitors(), info(broadcast), good(20, keyframe_min_ms=8000, keyframe_max_ms=8000))
    (alert,) = client_of(channel.owner).get(f"/api/streams/{broadcast.pk}/health").json()["alerts"]
    assert (alert["code"], alert["severity"], alert["fault"]) == ("KEYFRAMES_FAR", "warning", "encoder")
    assert alert["title"] == "Keyframes are 8.0 s apart"
    assert "2 s" in alert["cure"]
    assert alert["since"].startswith("2027-01-15T08:00:")


def test_the_graph_goes_on_after_the_node_was_started_again(channel):
    stream = info(factories.live(channel))
    run(Monitors(), stream, good(20))
    run(Monitors(), stream, good(20), began=BEGAN + 30)
    at = [point.at for point in graph_of(factories.Broadcast.objects.get().pk)]
    assert len(at) == 20
    assert at == sorted(at)


def test_of_an_encoder_that_is_gone_nothing_is_told_but_that(channel):
    broadcast, monitors = factories.live(channel), Monitors()
    run(monitors, info(broadcast), good(10))
    run(monitors, info(broadcast, session_id=None), away(4), began=BEGAN + 10)
    told = health_of(broadcast.pk)
    assert (told["connected"], told["bitrateKbps"], told["videoCodec"], told["sound"]) == (
        False,
        None,
        None,
        None,
    )
    assert [alert["code"] for alert in told["alerts"]] == ["CONNECTION_LOST"]


def test_what_was_said_long_ago_is_not_said_any_more(channel):
    broadcast = factories.live(channel)
    assert health_of(broadcast.pk)["connected"] is False
    told = client_of(channel.owner).get(f"/api/streams/{broadcast.pk}/health").json()
    assert (told["bitrateKbps"], told["alerts"], told["history"]) == (None, [], [])


def test_a_stream_that_is_gone_is_forgotten(channel):
    monitors = Monitors()
    run(monitors, info(factories.live(channel)), good(4))
    monitors.take({})
    assert monitors._monitors == {}


@pytest.mark.parametrize(
    ("role", "status"), [(Role.EDITOR, 200), (Role.MODERATOR, 403), (Role.VIP, 403), (None, 403)]
)
def test_health_is_read_by_who_may_see_the_dashboard(channel, stranger, role, status):
    broadcast = factories.live(channel)
    if role is not None:
        ChannelRole.objects.create(channel=channel, user=stranger, role=role)
    assert client_of(stranger).get(f"/api/streams/{broadcast.pk}/health").status_code == status
    assert client_of(stranger).get(f"/api/channels/{channel.pk}/rehearsal").status_code == status
    assert APIClient().get(f"/api/streams/{broadcast.pk}/health").status_code == 401
    assert APIClient().get(f"/api/channels/{channel.pk}/rehearsal").status_code == 401


# What players tell


def tell(broadcast, body, *, viewer="a" * 16, client=None):
    client = client or APIClient()
    client.cookies[COOKIE] = viewer
    return client.post(f"/api/streams/{broadcast.pk}/playback", body, format="json")


def heard(broadcast, watching=0):
    return audiences({broadcast.pk: watching})[broadcast.pk]


def test_anybody_s_player_tells_how_it_went(channel):
    broadcast = factories.live(channel)
    calm = {"stalls": [], "delaySeconds": 0.9}
    assert tell(broadcast, calm).json() == {"nextSeconds": 60}
    assert tell(broadcast, calm | {"delaySeconds": 1.1}, viewer="b" * 16).status_code == 200
    waited = {"stalls": [{"secondsAgo": 2, "seconds": 1.5}, {"secondsAgo": 1, "seconds": 0.5}]}
    assert tell(broadcast, waited, viewer="c" * 16, client=client_of(factories.person())).status_code == 200
    audience = heard(broadcast)
    assert (audience.reports, audience.stalled, audience.delay_ms) == (3, 1, 1000)
    assert 1 <= sum(moment.viewers for moment in audience.stalls) <= 2
    assert all(abs(moment.at - time.time()) < 10 for moment in audience.stalls)


def test_who_does_not_tell_is_counted_as_watching_calmly(channel):
    broadcast = factories.live(channel)
    tell(broadcast, {"stalls": [{"secondsAgo": 2, "seconds": 1.5}]})
    assert heard(broadcast, watching=200).reports == 200


def test_a_browser_counts_once_however_often_it_tells(channel):
    broadcast = factories.live(channel)
    # Twice at most, if the clock steps into the next slot meanwhile.
    counted = [
        note_playback(broadcast_id=broadcast.pk, viewer="x", stalls=[Stall(1, 1)], delay_ms=1)
        for _ in range(9)
    ]
    assert sum(counted) <= 2
    assert heard(broadcast).stalled == sum(counted)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"stalls": "all"},
        {"stalls": None},
        {"stalls": [{}]},
        {"stalls": [{"secondsAgo": -1, "seconds": 1}]},
        {"stalls": [{"secondsAgo": 1e9, "seconds": 1}]},
        {"stalls": [{"secondsAgo": 1, "seconds": 1}] * 11},
        {"stalls": [], "delaySeconds": 1e300},
        {"stalls": [], "delaySeconds": -5},
        {"stalls": [], "delaySeconds": "nan"},
        {"stalls": [], "delaySeconds": "Infinity"},
        {"stalls": [{"secondsAgo": "nan", "seconds": 1}]},
        {"stalls": [{"secondsAgo": 1, "seconds": "-inf"}]},
    ],
    ids=str,
)
def test_hostile_reports_are_refused_and_count_nothing(channel, body):
    broadcast = factories.live(channel)
    assert tell(broadcast, body).status_code == 400
    assert heard(broadcast).reports == 0


def test_nothing_is_told_of_what_is_not_live_or_not_there(channel, streamer):
    announced = services.open_broadcast(actor=streamer, channel=channel, title="Soon")
    assert tell(announced, {"stalls": []}).json()["code"] == "NOT_LIVE"
    assert APIClient().post("/api/streams/nothing/playback", {"stalls": []}, format="json").status_code == 404


def test_one_address_does_not_tell_without_end(channel, settings):
    settings.API_RATES = settings.API_RATES | {"playback": "3/60"}
    broadcast = factories.live(channel)
    answers = [tell(broadcast, {"stalls": []}, viewer=f"{n:016}").status_code for n in range(5)]
    assert answers[-1] == 429
    assert heard(broadcast).reports <= 4


def test_a_crowd_is_asked_less_often():
    assert [next_report(watching) for watching in (0, 200, 1000, 10**6)] == [60, 60, 200, 900]


def test_viewers_who_wait_reach_the_creator_with_the_fault(channel):
    broadcast, monitors = factories.live(channel), Monitors()
    began = time.time() - 16
    run(monitors, info(broadcast), [*good(12), *good(4, gap_ms=1800, gap_step_ms=33)], began=began)
    assert health_of(broadcast.pk)["alerts"] == []
    for n in range(4):
        tell(broadcast, {"stalls": [{"secondsAgo": 1, "seconds": 0.8}]}, viewer=f"{n:016}")
    run(monitors, info(broadcast), good(8), began=began + 16)
    told = health_of(broadcast.pk)
    assert (told["audience"]["stalled"], told["audience"]["fault"]) == (4, "network")
    assert [alert["code"] for alert in told["alerts"]] == ["STALLS_NETWORK"]
