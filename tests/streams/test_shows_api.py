"""Shows over the API, from setting up to the first broadcast."""

from __future__ import annotations

import pytest

from apps.streams.models import Show

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(mine, channel):
    body = {
        "name": "Monday jam",
        "titlePattern": "Monday jam #{n}",
        "nextNumber": 7,
        "category": "music",
        "tags": ["jam"],
        "chatModes": {"slow": 30, "followersOnly": None},
        "announcement": "Hello",
        "targets": [],
    }
    answer = mine.post(f"/api/channels/{channel.pk}/shows", body, format="json")
    assert answer.status_code == 201, answer.data
    return answer.json()


def test_a_show_is_told_as_it_was_set_up(made, mine, channel):
    assert made["nextTitle"] == "Monday jam #7"
    assert made["chatModes"] == {"slow": 30, "followersOnly": None}
    assert (made["targets"], made["isArchived"], made["category"]) == ([], False, "music")
    assert mine.get(f"/api/channels/{channel.slug}/shows").json() == [made]
    assert mine.get(f"/api/channels/{channel.slug}/shows/{made['id']}").json() == made


def test_it_changes_is_put_away_and_goes(made, mine, channel):
    address = f"/api/channels/{channel.pk}/shows/{made['id']}"
    changed = mine.patch(address, {"titlePattern": "Jam on {date}", "targets": None}, format="json").json()
    assert (changed["titlePattern"], changed["targets"], changed["name"]) == (
        "Jam on {date}",
        None,
        "Monday jam",
    )
    assert mine.patch(address, {"isArchived": True}, format="json").json()["isArchived"]
    assert mine.get(f"{address}/key").json()["code"] == "SHOW_ARCHIVED"
    assert mine.post(f"{address}/start").json()["code"] == "SHOW_ARCHIVED"
    assert not mine.patch(address, {"isArchived": False}, format="json").json()["isArchived"]
    assert mine.delete(address).status_code == 204
    assert mine.get(address).json()["code"] == "SHOW_NOT_FOUND"


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("titlePattern", "{name}", "titlePattern"),
        ("chatModes", {"slow": 1}, "slow"),
        ("targets", ["01a2206e-3a4f-7cfc-a5f4-f1bad2444131"], "targets"),
        ("announcement", "x" * 501, "announcement"),
        ("category", "no-such", "category"),
    ],
)
def test_a_refusal_names_its_field(made, mine, channel, field, value, named):
    answer = mine.patch(f"/api/channels/{channel.pk}/shows/{made['id']}", {field: value}, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [named])
    assert Show.objects.get().title_pattern == "Monday jam #{n}"


def test_its_key_is_shown_and_replaced(made, mine, channel):
    address = f"/api/channels/{channel.pk}/shows/{made['id']}/key"
    first = mine.get(address)
    assert first.headers["Cache-Control"] == "no-store"
    assert first.json()["streamKey"].startswith("show_")
    assert mine.get(address).json() == first.json()
    assert mine.post(address).json()["streamKey"] != first.json()["streamKey"]


def test_starting_it_announces_its_next_broadcast(made, mine, channel):
    answer = mine.post(f"/api/channels/{channel.pk}/shows/{made['id']}/start")
    assert (answer.status_code, answer.json()["title"]) == (201, "Monday jam #7")
    assert mine.get(f"/api/channels/{channel.pk}/shows/{made['id']}").json()["nextNumber"] == 8
