"""Streams through the API, as a mobile client sees them."""

import pytest

from apps.channels.models import Category, Channel
from apps.channels.services import edit_channel
from apps.streams import services
from apps.streams.health import remember_health
from apps.streams.media.grants import UNCOUNTED
from apps.streams.models import Broadcast
from tests import factories

STREAM = {
    "id", "channel", "title", "description", "category", "tags", "language", "status", "viewerCount",
    "peakViewers", "hlsUrl", "thumbnailUrl", "scheduledAt", "startedAt", "endedAt", "durationSeconds",
}  # fmt: skip


def test_the_key_and_the_door_are_told_to_the_owner_only(mine, theirs, visitor, channel, settings):
    body = mine.get(f"/api/channels/{channel.pk}/stream-key").json()
    assert set(body) == {"streamKey", "rtmpUrl", "rtmpsUrl", "srtUrl"}
    assert [body[name] for name in ("rtmpUrl", "rtmpsUrl", "srtUrl")] == [
        "rtmp://testserver/live",
        None,
        None,
    ]
    settings.RTMP_URL, settings.RTMPS_CERTIFICATE = "rtmp://in.example.org/live", "chain.pem"
    settings.SRT_PORT = 8890
    rotated = mine.post(f"/api/channels/{channel.pk}/stream-key").json()
    assert rotated["rtmpUrl"] == "rtmp://in.example.org/live"
    assert rotated["rtmpsUrl"] == "rtmps://testserver:1936/live"
    assert rotated["srtUrl"] == "srt://testserver:8890"
    assert rotated["streamKey"] != body["streamKey"]
    assert theirs.get(f"/api/channels/{channel.pk}/stream-key").status_code == 403
    assert visitor.get(f"/api/channels/{channel.pk}/stream-key").status_code == 401
    assert "no-store" in mine.get(f"/api/channels/{channel.pk}/stream-key").headers["Cache-Control"]


def test_a_stream_is_announced_with_the_names_of_the_contract(mine, channel):
    answer = mine.post("/api/streams", {"channelId": str(channel.pk), "title": "Episode 1", "tags": ["a"]})
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) >= STREAM
    assert (body["status"], body["title"], body["hlsUrl"]) == ("OFFLINE", "Episode 1", None)
    assert set(body["channel"]) == {"id", "slug", "name", "avatarUrl"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 141}, "title"),
        ({"tags": "abc"}, "tags"),
        ({"title": None}, "title"),
    ],
)
def test_bad_input_is_refused_by_field(mine, channel, change, field):
    body = {"channelId": str(channel.pk), "title": "fine"} | change
    answer = mine.post("/api/streams", body, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
    assert not Broadcast.objects.exists()


def test_only_the_channel_s_crew_announces(theirs, visitor, channel):
    for client, status in ((theirs, 403), (visitor, 401)):
        answer = client.post("/api/streams", {"channelId": str(channel.pk), "title": "Mine"})
        assert answer.status_code == status
    assert not Broadcast.objects.exists()


def test_the_status_follows_the_broadcast(visitor, mine, channel):
    assert visitor.get("/api/stream/status?channel=night-drive").json() == {"isLive": False}
    broadcast = factories.live(channel)
    status = visitor.get("/api/stream/status?channel=night-drive").json()
    assert status["isLive"] is True
    assert status["stream"]["status"] == "LIVE"
    assert status["stream"]["hlsUrl"].endswith(f"/{broadcast.pk.hex}/index.m3u8")
    assert visitor.get("/api/channels/night-drive").json()["isLive"] is True
    mine.post(f"/api/streams/{broadcast.pk}/end")
    assert visitor.get("/api/stream/status?channel=night-drive").json() == {"isLive": False}
    assert visitor.get("/api/stream/status").status_code == 400
    assert visitor.get("/api/stream/status?channel=nobody").status_code == 404


def test_the_playlist_s_address_is_given_while_live(visitor, channel, mine):
    broadcast = factories.live(channel)
    body = visitor.get(f"/api/streams/{broadcast.pk}/hls").json()
    assert body["hlsUrl"].startswith("/live/")
    assert body["plainUrl"] == body["hlsUrl"].replace("index.m3u8", "plain.m3u8")
    assert body["expiresIn"] > 0
    mine.delete(f"/api/streams/{broadcast.pk}")
    refused = visitor.get(f"/api/streams/{broadcast.pk}/hls")
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_LIVE")


def test_the_crew_s_preview_counts_as_nobody_and_is_theirs(visitor, channel, mine, theirs):
    broadcast = factories.live(channel)
    path = f"/api/streams/{broadcast.pk}/hls?preview=1"
    grant = mine.get(path).json()["hlsUrl"].split("/")[2]
    assert grant.split(".")[1] == UNCOUNTED
    assert [client.get(path).status_code for client in (theirs, visitor)] == [403, 401]


def test_a_suspended_channel_gives_no_playlist(visitor, mine, channel):
    broadcast = factories.live(channel)
    Channel.objects.update(suspended_at="2026-01-01T00:00Z")
    assert visitor.get(f"/api/streams/{broadcast.pk}/hls").status_code == 404
    assert mine.get(f"/api/streams/{broadcast.pk}/hls").status_code == 404


def test_title_and_tags_change_while_live(mine, theirs, visitor, channel):
    broadcast = factories.live(channel)
    answer = mine.patch(
        f"/api/streams/{broadcast.pk}", {"title": "<b>New</b>", "category": "music"}, format="json"
    )
    assert (answer.json()["title"], answer.json()["category"]) == ("<b>New</b>", "music")
    assert mine.patch(f"/api/streams/{broadcast.pk}", {}, format="json").status_code == 400
    assert theirs.patch(f"/api/streams/{broadcast.pk}", {"title": "x"}, format="json").status_code == 403
    assert visitor.get(f"/api/streams/{broadcast.pk}").json()["title"] == "<b>New</b>"


def test_the_status_route_ends_and_never_starts(mine, theirs, channel):
    broadcast = factories.live(channel)
    route = f"/api/streams/{broadcast.pk}/status"
    assert mine.put(route, {"status": "LIVE"}, format="json").status_code == 409
    assert mine.put(route, {"status": "DANCING"}, format="json").status_code == 400
    assert theirs.put(route, {"status": "ENDING"}, format="json").status_code == 403
    assert mine.put(route, {"status": "ENDING"}, format="json").json()["status"] == "ARCHIVED"


def test_lists_are_filtered_and_sorted(visitor, channel):
    broadcast = factories.live(channel)
    other = factories.live(factories.channel(), "other")
    Broadcast.objects.filter(pk=broadcast.pk).update(viewer_count=5, tags=["art"], language="de")
    Broadcast.objects.filter(pk=other.pk).update(tags=["party"])
    ids = lambda query: [s["id"] for s in visitor.get(f"/api/streams?{query}").json()["data"]]  # noqa: E731
    assert ids("status=live&sort=trending") == [str(broadcast.pk), str(other.pk)]
    assert ids("sort=new") == [str(other.pk), str(broadcast.pk)]
    assert ids("tag=art") == [str(broadcast.pk)]
    assert ids("language=de") == [str(broadcast.pk)]
    assert ids("category=music") == []
    assert ids("status=ended") == []
    for query in ("status=x", "sort=x"):
        assert visitor.get(f"/api/streams?{query}").status_code == 400
    of_channel = visitor.get(f"/api/channels/{channel.slug}/streams").json()
    assert [s["id"] for s in of_channel["data"]] == [str(broadcast.pk)]


def test_health_is_for_the_crew(mine, theirs, channel):
    broadcast = factories.live(channel)
    assert mine.get(f"/api/streams/{broadcast.pk}/health").json()["connected"] is False
    remember_health({broadcast.pk: {"connected": True, "bitrateKbps": 5900}})
    assert mine.get(f"/api/streams/{broadcast.pk}/health").json()["bitrateKbps"] == 5900
    assert theirs.get(f"/api/streams/{broadcast.pk}/health").status_code == 403


def test_viewers_come_with_their_samples(visitor, channel):
    broadcast = factories.live(channel)
    services.sample_viewers()
    body = visitor.get(f"/api/streams/{broadcast.pk}/viewers").json()
    assert body["samples"][0]["viewers"] == 0
    assert {"count", "peak", "unique"} <= set(body)


@pytest.mark.parametrize("stream", ["nothing", "0" * 32, "..%2f..", "1"])
def test_an_unknown_stream_is_not_found(visitor, stream):
    assert visitor.get(f"/api/streams/{stream}").json()["code"] in ("STREAM_NOT_FOUND", "NOT_FOUND")


def test_the_openapi_document_is_made_without_a_warning(visitor):
    from django.core.management import call_command

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
    assert "/api/streams" in visitor.get("/api/schema?format=json").json()["paths"]


@pytest.mark.parametrize("tag", ["jazz", "müsik", "日本", 'a"b', "a%b", "a\\b"])
def test_a_tag_finds_its_streams_in_any_script(visitor, channel, streamer, tag):
    edit_channel(actor=streamer, channel=channel, tags=[tag])
    channel.refresh_from_db()
    factories.live(channel)
    assert visitor.get("/api/streams", {"tag": tag}).json()["total"] == 1
    assert visitor.get("/api/streams", {"tag": tag[:-1]}).json()["total"] == 0


def test_a_category_holds_the_streams_of_those_below_it(visitor, channel, streamer):
    below = Category.objects.filter(parent__isnull=False).select_related("parent").first()
    edit_channel(actor=streamer, channel=channel, category=below.slug)
    channel.refresh_from_db()
    factories.live(channel)
    assert visitor.get("/api/streams", {"category": below.parent.slug}).json()["total"] == 1
