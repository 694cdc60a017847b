"""Finding something to watch, over the API."""

from __future__ import annotations

import random
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.channels.models import Channel
from apps.discovery.models import Banner, FeaturedChannel
from apps.streams.models import Broadcast
from tests import factories

from .conftest import on_air


@pytest.fixture
def api(db: None) -> APIClient:
    return APIClient()


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [stream["channel"]["name"] for stream in answer.json()["data"]]


def test_browsing_goes_from_cursor_to_cursor(api: APIClient) -> None:
    streams = [on_air(f"Place {number}", viewers=100 - number) for number in range(5)]
    seen, after = [], ""
    while True:
        answer = api.get("/api/browse", {"limit": "2", "after": after})
        seen += names(answer)
        assert answer.json()["hasMore"] == bool(answer.json()["next"])
        for stream in streams:
            Broadcast.objects.filter(pk=stream.pk).update(viewer_count=random.randrange(1000))
        if not (after := answer.json()["next"]):
            break
    assert seen == [f"Place {number}" for number in range(5)]


def test_lists_are_sorted_and_narrowed(api: APIClient) -> None:
    for name, viewers, trend, fields in (
        ("First", 5, 30, {"category": "djs", "tags": ["ambient"], "language": "de"}),
        ("Second", 50, 10, {"category": "gaming"}),
    ):
        stream = on_air(name, viewers=viewers, **fields)
        Broadcast.objects.filter(pk=stream.pk).update(trend=trend)
    late = on_air("Late place", viewers=99, category="music")
    Channel.objects.filter(pk=late.channel_id).update(is_mature=True)
    for path, expected in {
        "/api/browse": ["Second", "First"],
        "/api/browse?sort=trending": ["First", "Second"],
        "/api/browse?mature=1": ["Late place", "Second", "First"],
        "/api/streams/trending": ["First", "Second"],
        "/api/streams/new": ["Second", "First"],
        "/api/streams/by-category/music": ["First"],
        "/api/streams/by-category/music?mature=1": ["Late place", "First"],
        "/api/categories/djs/streams": ["First"],
        "/api/browse?tag=Ambient&language=de": ["First"],
        "/api/streams?status=live": ["First", "Second"],
        "/api/streams?sort=viewers&mature=1": ["Late place", "Second", "First"],
    }.items():
        assert names(api.get(path)) == expected, path


def test_lists_of_this_kind_come_in_the_envelope_of_lists(api: APIClient) -> None:
    for number in range(3):
        on_air(f"Place {number}")
    body = api.get("/api/streams/new?limit=2&page=2").json()
    assert len(body.pop("data")) == 1
    assert body == {"total": 3, "page": 2, "limit": 2, "hasMore": False}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/browse?sort=loud", 400, "INVALID"),
        ("/api/browse?after=yesterday", 400, "INVALID"),
        ("/api/browse?limit=0", 400, "INVALID"),
        ("/api/browse?category=unheard-of", 404, "CATEGORY_NOT_FOUND"),
        ("/api/streams/by-category/unheard-of", 404, "CATEGORY_NOT_FOUND"),
        ("/api/categories/unheard-of", 404, "CATEGORY_NOT_FOUND"),
    ],
)
def test_what_there_is_not_is_refused_by_name(path: str, status: int, code: str, api: APIClient) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_categories_tell_how_busy_they_are(api: APIClient) -> None:
    on_air("Turntables", viewers=12, category="djs")
    assert api.get("/api/categories/music").json() == {
        "slug": "music",
        "name": "Music",
        "parent": None,
        "icon": "music",
        "coverUrl": "",
        "liveCount": 1,
        "viewerCount": 12,
    }
    assert api.get("/api/categories/djs").json()["parent"] == "music"
    listed = api.get("/api/categories?limit=100").json()
    assert listed["total"] == len(listed["data"]) > 20


def test_what_staff_featured_and_what_is_on_air_of_it(api: APIClient) -> None:
    on_air("Loud place", viewers=12)
    FeaturedChannel.objects.create(channel=on_air("Chosen place").channel)
    FeaturedChannel.objects.create(channel=factories.channel(name="Away place"))
    late = on_air("Late place").channel
    FeaturedChannel.objects.create(channel=late)
    Channel.objects.filter(pk=late.pk).update(is_mature=True)
    Banner.objects.create(title="Jam night", link="/category/music")
    rows = api.get("/api/featured").json()["data"]
    assert rows[0]["stream"]["channel"]["name"] == "Chosen place"
    assert rows[1]["banner"] == {
        "title": "Jam night",
        "text": "",
        "link": "/category/music",
        "linkText": "Have a look",
        "pictureUrl": "",
    }
    assert len(rows) == 2


@pytest.mark.parametrize("path", ["/api/browse", "/api/streams/new", "/api/categories", "/api/featured"])
@pytest.mark.parametrize("lives", [1, 20])
def test_lists_ask_the_database_as_often_for_one_stream_as_for_many(
    path: str, lives: int, api: APIClient, django_assert_max_num_queries: Any
) -> None:
    for number in range(lives):
        FeaturedChannel.objects.create(channel=on_air(f"Place {number}", category="djs").channel)
    with django_assert_max_num_queries(3):
        api.get(path)
