"""Channels through the API, as a mobile client sees them."""

import pytest

from apps.channels.models import Channel
from tests import factories


def test_a_channel_is_created_with_the_names_of_the_contract(mine):
    answer = mine.post("/api/channels", {"name": "Night drive", "tags": ["synth"], "category": "music"})
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) >= {
        "id", "slug", "name", "description", "category", "tags", "language", "isLive", "isMature",
        "followerCount", "avatarUrl", "bannerUrl", "owner", "createdAt",
    }  # fmt: skip
    assert (body["slug"], body["category"], body["tags"], body["isLive"]) == (
        "night-drive",
        "music",
        ["synth"],
        False,
    )
    assert set(body["owner"]) >= {"id", "username", "displayName", "avatarUrl"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "name"),
        ({"name": 5, "tags": {}}, 400, "tags"),
        ({"name": ["x"]}, 400, "name"),
        ({"name": "ok name", "slug": "no good"}, 400, "slug"),
        ({"name": "x" * 10_000}, 400, "name"),
        ({"name": "ok name", "category": "'; DROP TABLE"}, 400, "category"),
    ],
)
def test_bad_input_names_the_field_in_the_envelope(mine, body, status, field):
    answer = mine.post("/api/channels", body, format="json")
    assert answer.status_code == status
    error = answer.json()
    assert error["error"] is True
    assert error["status"] == status
    assert error["message"]
    assert field in error["fields"]
    assert not Channel.objects.exists()


def test_a_taken_address_answers_as_the_contract_says(mine, channel):
    answer = mine.post("/api/channels", {"name": "Other", "slug": "night-drive"})
    assert answer.status_code == 409
    assert answer.json() | {"message": ""} == {
        "error": True,
        "code": "SLUG_TAKEN",
        "message": "",
        "status": 409,
        "fields": {"slug": ["Already taken. Choose another."]},
    }


def test_a_visitor_reads_but_does_not_write(visitor, channel):
    assert visitor.get("/api/channels/night-drive").json()["name"] == "Night drive"
    assert visitor.get(f"/api/channels/{channel.pk}").status_code == 200
    refused = visitor.post("/api/channels", {"name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (401, "SIGN_IN_NEEDED")


def test_an_owner_edits_and_deletes(mine, channel):
    edited = mine.patch(f"/api/channels/{channel.pk}", {"isMature": True, "slug": "day-drive"}, format="json")
    assert (edited.status_code, edited.json()["isMature"]) == (200, True)
    assert mine.get("/api/channels/night-drive").json()["slug"] == "day-drive"
    assert mine.patch("/api/channels/day-drive", {}, format="json").status_code == 400
    assert mine.delete("/api/channels/day-drive").status_code == 400
    assert mine.delete("/api/channels/day-drive?confirmation=day-drive").status_code == 204
    assert mine.get("/api/channels/day-drive").json()["code"] == "CHANNEL_NOT_FOUND"


def test_a_stranger_changes_nothing(theirs, channel):
    for answer in (
        theirs.patch("/api/channels/night-drive", {"name": "Mine"}, format="json"),
        theirs.delete("/api/channels/night-drive?confirmation=night-drive"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "NOT_ALLOWED")
    assert Channel.objects.get().name == "Night drive"


def test_following_answers_with_the_new_count(theirs, visitor, channel):
    assert theirs.post(f"/api/channels/{channel.pk}/follow").json() == {
        "isFollowing": True,
        "bell": "live",
        "followerCount": 1,
    }
    followers = visitor.get(f"/api/channels/{channel.pk}/followers").json()
    assert [person["username"] for person in followers["data"]] == ["stranger"]
    assert theirs.delete(f"/api/channels/{channel.pk}/follow").json()["followerCount"] == 0


def test_lists_come_in_the_envelope(visitor, channel):
    for _ in range(2):
        factories.channel()
    page = visitor.get("/api/channels?limit=2&page=1").json()
    assert (page["total"], page["page"], page["limit"], page["hasMore"], len(page["data"])) == (
        3,
        1,
        2,
        True,
        2,
    )
    assert visitor.get("/api/channels?limit=2&page=2").json()["hasMore"] is False
    assert visitor.get("/api/channels?limit=2&page=9").json()["data"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "page=0", "page=-1", "page=" + "9" * 5000]
)
def test_a_page_out_of_range_is_refused_by_name(visitor, query):
    answer = visitor.get(f"/api/channels?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()["fields"]


def test_an_unlisted_channel_is_reached_but_not_listed(visitor, mine, channel):
    Channel.objects.update(visibility="unlisted")
    assert visitor.get("/api/channels").json()["total"] == 0
    assert visitor.get("/api/channels/night-drive").status_code == 200
    assert mine.get("/api/channels?mine=1").json()["total"] == 1


def test_categories_are_planted(visitor):
    slugs = [c["slug"] for c in visitor.get("/api/categories?limit=100").json()["data"]]
    assert {"just-chatting", "gaming", "music", "creative", "education", "business", "sports"} <= set(slugs)


def test_an_unknown_address_answers_in_the_envelope(visitor):
    assert visitor.get("/api/nothing").json()["code"] == "NOT_FOUND"
    assert visitor.put("/api/channels").json()["code"] in ("METHOD_NOT_ALLOWED", "SIGN_IN_NEEDED")
    assert (
        visitor.generic("POST", "/api/auth/login", "{", content_type="application/json").json()["code"]
        == "MALFORMED"
    )


def test_every_answer_tells_the_quota_and_the_limit_holds(visitor, settings, channel):
    settings.API_RATES = {"anonymous": "3/60", "person": "5/60", "stream": "5/60"}
    left = [visitor.get("/api/categories").headers.get("RateLimit-Remaining") for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = visitor.get("/api/categories")
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert int(refused.headers["Retry-After"]) > 0


def test_what_is_nested_too_deeply_is_malformed(mine):
    answer = mine.post("/api/channels", "[" * 200_000, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")
    assert "nested too deeply" in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api/channels", "/auth/login"])
def test_what_is_too_large_is_told_how_much_is_taken(mine, path):
    kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
    answer = mine.post(path, "x" * (1024 * 1024 + 1), content_type=kind)
    assert answer.status_code == 413
    assert "at most 1024 kB" in answer.content.decode()
