"""Messages over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat.models import Message
from apps.chat.services import messages
from tests import factories

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def as_person(api: APIClient, person: User) -> APIClient:
    api.force_authenticate(person)
    return api


def listed(api: APIClient, path: str) -> tuple[list[int], bool]:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content
    return [m["seq"] for m in answer.json()["data"]], answer.json()["hasMore"]


@pytest.fixture
def seven(say: Say, viewer: User, unlimited: None) -> list[Message]:
    return [say(viewer, f"message {n}") for n in range(1, 8)]


def test_a_message_has_the_shape_of_the_contract(api: APIClient, channel: Channel, viewer: User) -> None:
    as_person(api, viewer)
    sent = api.post(f"/api/channels/{channel.pk}/messages", {"content": " hi ", "nonce": "n"}, format="json")
    assert sent.status_code == 201, sent.content
    message = sent.json()
    assert message == {
        "id": message["id"],
        "seq": 1,
        "channelId": str(channel.pk),
        "streamId": None,
        "kind": "message",
        "content": "hi",
        "badges": [],
        "replyTo": None,
        "thread": None,
        "parent": None,
        "createdAt": message["createdAt"],
        "user": {
            "id": str(viewer.pk),
            "username": "viewer",
            "displayName": "viewer",
            "avatarUrl": "",
            "color": viewer.color,
            "verified": False,
        },
    }
    assert message["createdAt"].endswith("Z")
    api.force_authenticate(None)
    assert api.get(f"/api/channels/{channel.slug}/messages").json() == {"data": [message], "hasMore": False}


def test_a_reply_names_the_message_it_answers(
    api: APIClient, channel: Channel, viewer: User, say: Say
) -> None:
    first = say(viewer)
    answer = as_person(api, viewer).post(
        f"/api/channels/{channel.pk}/messages", {"content": "so", "replyTo": str(first.pk)}, format="json"
    )
    assert answer.json()["replyTo"] == str(first.pk)


def test_pages_go_both_ways_and_are_oldest_first(
    api: APIClient, channel: Channel, seven: list[Message]
) -> None:
    path = f"/api/channels/{channel.pk}/messages"
    assert listed(api, f"{path}?limit=3") == ([5, 6, 7], True)
    assert listed(api, f"{path}?limit=3&before=5") == ([2, 3, 4], True)
    assert listed(api, f"{path}?limit=3&before=2") == ([1], False)
    assert listed(api, f"{path}?limit=3&after=0") == ([1, 2, 3], True)
    assert listed(api, f"{path}?limit=4&after=3") == ([4, 5, 6, 7], False)
    assert listed(api, f"{path}?limit=3&after=7") == ([], False)
    assert listed(api, f"{path}?after={seven[4].pk}") == ([6, 7], False)
    assert listed(api, f"{path}?limit=2&before={seven[4].pk}") == ([3, 4], True)


@pytest.mark.parametrize(
    "wrong", ["limit=0", "limit=101", "limit=x", "after=-1", "after=x", "before=1&after=1", f"after={10**30}"]
)
def test_a_wrong_page_is_refused_by_name(api: APIClient, channel: Channel, wrong: str) -> None:
    answer = api.get(f"/api/channels/{channel.pk}/messages?{wrong}")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [wrong.split("&")[0].split("=")[0]]


def test_a_page_costs_the_same_however_many_people_spoke(
    api: APIClient, channel: Channel, say: Say, unlimited: None, django_assert_num_queries: Any
) -> None:
    for n in range(6):
        say(factories.person(f"speaker{n}"))
    with django_assert_num_queries(2):
        api.get(f"/api/channels/{channel.pk}/messages")


def test_the_messages_of_a_broadcast_are_those_said_on_air(
    api: APIClient, channel: Channel, say: Say, viewer: User
) -> None:
    say(viewer, "before")
    broadcast = factories.live(channel)
    say(viewer, "during")
    path = f"/api/streams/{broadcast.pk}/messages"
    assert listed(api, path) == ([2], False)
    sent = as_person(api, viewer).post(path, {"content": "also during"}, format="json")
    assert sent.json()["streamId"] == str(broadcast.pk)
    assert listed(api, path) == ([2, 3], False)


def test_a_removed_message_is_shown_as_removed(
    api: APIClient, channel: Channel, say: Say, viewer: User
) -> None:
    message = say(viewer, "oops")
    assert as_person(api, viewer).delete(f"/api/messages/{message.pk}").status_code == 204
    shown = api.get(f"/api/channels/{channel.pk}/messages").json()["data"][0]
    assert (shown["content"], shown["seq"]) == ("", 1)
    assert shown["deletedAt"]


@pytest.mark.parametrize(
    ("who", "status", "code"), [(None, 401, "SIGN_IN_NEEDED"), ("stranger", 403, "NOT_ALLOWED")]
)
def test_who_may_not_remove_gets_the_reason(
    api: APIClient,
    say: Say,
    viewer: User,
    request: pytest.FixtureRequest,
    who: str | None,
    status: int,
    code: str,
) -> None:
    message = say(viewer)
    if who:
        as_person(api, request.getfixturevalue(who))
    answer = api.delete(f"/api/messages/{message.pk}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    message.refresh_from_db()
    assert message.deleted_at is None


def test_writing_needs_somebody_signed_in(api: APIClient, channel: Channel) -> None:
    answer = api.post(f"/api/channels/{channel.pk}/messages", {"content": "hi"}, format="json")
    assert answer.status_code == 401
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "  "}, "CONTENT_EMPTY"),
        ({"content": "x" * 501}, "CONTENT_TOO_LONG"),
        ({}, None),
        ({"content": "hi", "replyTo": "5"}, None),
        ({"content": "hi", "nonce": "n" * 65}, None),
    ],
)
def test_a_wrong_message_is_refused_with_its_field(
    api: APIClient, channel: Channel, viewer: User, body: dict[str, str], code: str | None
) -> None:
    answer = as_person(api, viewer).post(f"/api/channels/{channel.pk}/messages", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["fields"]
    assert code is None or answer.json()["code"] == code
    assert not Message.objects.exists()


def test_over_the_limit_the_api_says_when_to_try_again(
    api: APIClient, channel: Channel, stranger: User
) -> None:
    as_person(api, stranger)
    path = f"/api/channels/{channel.pk}/messages"
    answers = [api.post(path, {"content": "hi"}, format="json") for _ in range(messages.LIMIT.most + 1)]
    assert [a.status_code for a in answers] == [201] * messages.LIMIT.most + [429]
    assert int(answers[-1]["Retry-After"]) >= 1
    assert answers[-1].json()["code"] == "RATE_LIMITED"


def test_a_channel_or_stream_that_is_not_there_has_no_messages(api: APIClient) -> None:
    for path in ("channels/nowhere", "streams/nothing"):
        assert api.get(f"/api/{path}/messages").status_code == 404
