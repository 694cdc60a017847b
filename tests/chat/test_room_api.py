"""Rooms and their review through the API, as a mobile client sees them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole, Follow
from apps.channels.roles import Role
from apps.chat import services
from apps.chat.models import ChatRoom, HeldMessage, Message
from apps.core.errors import NotAllowed
from apps.moderation import services as moderation
from apps.moderation.models import Report
from tests import factories

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db

# So different that no rule against repetition stirs.
WORDS = [
    "amber", "basil", "copper", "dune", "ember", "fjord", "garnet", "heather", "iris", "jasper", "kelp",
    "lichen", "maple", "nettle", "onyx", "pebble", "quartz", "raven", "sorrel", "thistle", "umber",
    "violet", "yarrow",
]  # fmt: skip


def as_person(person: User | None) -> APIClient:
    api = APIClient()
    if person:
        api.force_authenticate(person)
    return api


@pytest.fixture
def api(moderator: User) -> APIClient:
    return as_person(moderator)


@pytest.fixture
def base(channel: Channel) -> str:
    return f"/api/channels/{channel.slug}"


@pytest.fixture
def held(room: ChatRoom, viewer: User) -> HeldMessage:
    return HeldMessage.objects.create(
        room=room, user=viewer, content="you fool", nonce="n", rule="terms", matched_from=4, matched_to=8
    )


def test_settings_are_open_to_read_and_changed_one_by_one(api: APIClient, base: str) -> None:
    off = {
        "slow": 0, "followersOnly": None, "membersOnly": False, "emotesOnly": False, "unique": False,
        "shield": False, "pinned": None, "pinnedBy": None,
    }  # fmt: skip
    assert as_person(None).get(f"{base}/settings").json() == off
    answer = api.patch(f"{base}/settings", {"slow": 30, "followersOnly": 0}, format="json")
    assert answer.json() == off | {"slow": 30, "followersOnly": 0}
    api.patch(f"{base}/settings", {"followersOnly": None, "unique": True}, format="json")
    assert api.get(f"{base}/settings").json() == off | {"slow": 30, "unique": True}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"slow": 2}, "slow"), ({"slow": "soon"}, "slow"), ({"slow": None}, "slow"),
        ({"followersOnly": -1}, "followersOnly"), ({"unique": 5}, "unique"),
    ],
)  # fmt: skip
def test_a_wrong_mode_is_refused_by_name(api: APIClient, base: str, body: Any, field: str) -> None:
    answer = api.patch(f"{base}/settings", body, format="json")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_a_message_is_pinned_and_taken_down(
    api: APIClient, base: str, say: Say, viewer: User, moderator: User
) -> None:
    message = say(viewer, "rules: be kind")
    answer = api.post(f"{base}/pin", {"messageId": str(message.pk)}, format="json").json()
    assert answer["pinned"]["content"] == "rules: be kind"
    assert answer["pinnedBy"]["username"] == "moderator"
    assert api.delete(f"{base}/pin").status_code == 204
    assert api.get(f"{base}/settings").json()["pinned"] is None
    unknown = api.post(f"{base}/pin", {"messageId": str(uuid.uuid4())}, format="json")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "MESSAGE_NOT_FOUND")


def test_a_removed_message_is_not_shown_as_pinned(api: APIClient, base: str, say: Say, viewer: User) -> None:
    message = say(viewer, "oops")
    api.post(f"{base}/pin", {"messageId": str(message.pk)}, format="json")
    services.delete_message(actor=viewer, message_id=message.pk)
    assert api.get(f"{base}/settings").json()["pinned"] is None


def test_announcements_clear_purge_and_shield(
    api: APIClient, base: str, say: Say, viewer: User, stranger: User
) -> None:
    said = api.post(f"{base}/announcements", {"content": "Soon", "nonce": "n"}, format="json")
    assert (said.status_code, said.json()["kind"]) == (201, "announcement")
    for person in (viewer, viewer, stranger):
        say(person)
    purged = api.post(f"{base}/mod/purge", {"userId": str(viewer.pk)}, format="json")
    assert purged.json() == {"removed": 2}
    assert api.post(f"{base}/mod/clear").json() == {"removed": 2}
    for on in (True, True, False, False):
        answer = api.put(f"{base}/mod/shield", {"on": on}, format="json")
        assert (answer.status_code, answer.json()["shield"]) == (200, on)


def test_commands_are_listed_and_carried_out(
    api: APIClient, base: str, viewer: User, moderator: User
) -> None:
    names = {each["name"] for each in api.get(f"{base}/commands").json()["commands"]}
    assert {"timeout", "help"} <= names and "mod" not in names
    assert as_person(None).get(f"{base}/commands").json() == {"commands": []}
    answer = api.post(f"{base}/commands", {"line": "/timeout @viewer 5m Spam"}, format="json")
    assert answer.json() == {"message": "viewer can't write for 5 minutes."}
    for line, status, code in (("/fly", 400, "UNKNOWN_COMMAND"), ("/ban", 400, "BAD_COMMAND")):
        refused = api.post(f"{base}/commands", {"line": line}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_a_command_is_never_said(api: APIClient, base: str) -> None:
    answer = api.post(f"{base}/messages", {"content": " /ban viewer"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "IS_COMMAND")
    assert not Message.objects.exists()


def test_the_queue_lists_what_waits_and_takes_the_answer(
    api: APIClient, base: str, held: HeldMessage, channel: Channel
) -> None:
    (waiting,) = api.get("/api/moderation/queue").json()["data"]
    assert (waiting["id"], waiting["content"], waiting["match"]) == (str(held.pk), "you fool", [4, 8])
    assert api.get(f"/api/moderation/queue?channel={channel.slug}").json()["total"] == 1
    said = api.post(f"/api/moderation/queue/{held.pk}/approve")
    assert (said.status_code, said.json()["content"]) == (200, "you fool")
    again = api.post(f"/api/moderation/queue/{held.pk}/reject")
    assert (again.status_code, again.json()["code"]) == (409, "ANSWERED_BEFORE")
    assert api.get("/api/moderation/queue").json()["data"] == []
    assert api.get("/api/moderation/queue?state=approved").json()["total"] == 1
    assert "state" in api.get("/api/moderation/queue?state=lost").json()["fields"]


def test_the_queue_of_all_one_s_channels_holds_no_other_channel_s(held: HeldMessage, stranger: User) -> None:
    factories.channel(stranger)
    assert as_person(stranger).get("/api/moderation/queue").json()["total"] == 0
    assert as_person(None).get("/api/moderation/queue").status_code == 401


def test_a_person_s_card_and_what_they_said(
    api: APIClient, base: str, channel: Channel, say: Say, viewer: User, moderator: User
) -> None:
    gone = say(viewer, "rude")
    say(viewer, "fine")
    services.delete_message(actor=moderator, message_id=gone.pk)
    moderation.warn(actor=moderator, channel=channel, user=viewer, reason="Mind the tone")
    moderation.write_note(actor=moderator, channel=channel, user=viewer, text="New here")
    card = api.get(f"{base}/people/viewer").json()
    assert (card["user"]["id"], card["role"], card["counts"]["warning"]) == (str(viewer.pk), None, 1)
    assert card["standing"]["warningId"] == card["history"][0]["id"]
    assert (card["notes"][0]["text"], card["followsSince"]) == ("New here", None)
    said = api.get(f"{base}/people/{viewer.pk}/messages").json()["data"]
    assert [(line["content"], "deletedAt" in line) for line in said] == [("rude", True), ("fine", False)]


def test_a_note_is_written_read_and_taken_away(api: APIClient, base: str, viewer: User) -> None:
    made = api.post(f"{base}/people/viewer/notes", {"text": "New here"}, format="json")
    assert (made.status_code, made.json()["author"]["username"]) == (201, "moderator")
    assert [note["id"] for note in api.get(f"{base}/people/viewer").json()["notes"]] == [made.json()["id"]]
    assert api.delete(f"{base}/notes/{made.json()['id']}").status_code == 204
    assert api.get(f"{base}/people/viewer").json()["notes"] == []
    assert api.delete(f"{base}/notes/{made.json()['id']}").status_code == 404
    refused = api.post(f"{base}/people/viewer/notes", {"text": "x" * 501}, format="json")
    assert list(refused.json()["fields"]) == ["text"]


def test_a_removed_message_is_whole_for_moderators_alone(
    api: APIClient, say: Say, viewer: User, moderator: User
) -> None:
    message = say(viewer, "rude")
    services.delete_message(actor=moderator, message_id=message.pk)
    path = f"/api/messages/{message.pk}"
    assert api.get(path).json()["content"] == "rude"
    assert as_person(viewer).get(path).json()["content"] == ""
    assert as_person(None).get(path).json()["deletedAt"]
    assert api.get(f"/api/messages/{uuid.uuid4()}").status_code == 404


def test_a_thread_is_read_from_any_of_its_messages(
    api: APIClient, say: Say, viewer: User, stranger: User
) -> None:
    root = say(viewer, "who plays?")
    say(stranger, "something else")
    reply = say(stranger, "we do", reply_to=root.pk)
    last = say(viewer, "until late?", reply_to=reply.pk)
    for message in (root, reply, last):
        thread = api.get(f"/api/messages/{message.pk}/thread").json()
        assert [line["content"] for line in thread["data"]] == ["who plays?", "we do", "until late?"]


def test_a_report_of_a_message_keeps_the_lines_around_it(
    say: Say, channel: Channel, viewer: User, stranger: User, unlimited: None
) -> None:
    lines = [say(stranger, word) for word in WORDS[:12]]
    bad = say(viewer, "rude")
    lines += [say(stranger, word) for word in WORDS[12:]]
    services.delete_message(actor=stranger, message_id=lines[11].pk)
    body = {"kind": "message", "subjectId": str(bad.pk), "reason": "harassment"}
    assert as_person(stranger).post("/api/reports", body, format="json").status_code == 201
    report = Report.objects.get()
    assert (report.subject_user, report.channel) == (viewer, channel)
    assert [line["content"] for line in report.context] == [
        *WORDS[2:12],
        "rude",
        *WORDS[12:22],
    ]
    assert [line["seq"] for line in report.context if line["isSubject"]] == [bad.seq]


def caught(api: APIClient, base: str, **rule: Any) -> list[str]:
    answer = api.post(f"{base}/filters/dry-run", {"rule": rule}, format="json")
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert body["count"] == len(body["caught"])
    return [each["message"]["content"] for each in body["caught"]]


def test_a_dry_run_lists_exactly_what_the_rule_would_have_caught(
    api: APIClient, base: str, channel: Channel, say: Say, viewer: User, moderator: User, unlimited: None
) -> None:
    with time_machine.travel(timezone.now() - timezone.timedelta(hours=25)):
        say(viewer, "spoiler of yesterday's eve")
    removed = say(viewer, "A SPOILER")
    say(viewer, "fine")
    say(moderator, "spoiler, but mine")
    vip = factories.person("vip")
    ChannelRole.objects.create(channel=channel, user=vip, role=Role.VIP)
    say(vip, "spoiler of a VIP")
    say(viewer, "no sp0iler here")
    services.delete_message(actor=moderator, message_id=removed.pk)
    assert caught(api, base, kind="terms", settings={"blocked": ["spoiler"]}) == [
        "no sp0iler here",
        "A SPOILER",
    ]
    assert caught(api, base, kind="terms", settings={"blocked": ["nothing of it"]}) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "terms", "settings": {"blocked": ["am*", "no go"], "patterns": ["y.rrow$"]}},
        {"kind": "caps", "settings": {"least": 4}},
        {"kind": "links", "settings": {"allowed": ["example.com"]}},
        {"kind": "account_age", "settings": {"seconds": 3600}},
    ],
)
def test_what_a_dry_run_catches_is_what_the_rule_then_refuses(
    api: APIClient,
    base: str,
    channel: Channel,
    streamer: User,
    viewer: User,
    say: Say,
    rule: dict[str, Any],
    unlimited: None,
) -> None:
    words = [
        *WORDS[:8],
        "see evil.net",
        "see www.example.com",
        "NO GO AREA",
        "n o g o",
        "yarrow",
        "LOUD DUNE",
    ]
    for place, word in enumerate(words):
        say(viewer, word, f"first {place}")
    would = caught(api, base, **rule)
    moderation.edit_rule(actor=streamer, channel=channel, is_on=True, action="refuse", **rule)
    refused = []
    for place, word in enumerate(words):
        try:
            say(viewer, word, f"second {place}")
        except NotAllowed:
            refused.append(word)
    assert refused == would[::-1] and refused


def test_a_dry_run_judges_people_as_they_were_when_they_spoke(
    api: APIClient, base: str, channel: Channel, say: Say, viewer: User, stranger: User
) -> None:
    say(viewer, "before following")
    with time_machine.travel(timezone.now() - timezone.timedelta(hours=3)):
        Follow.objects.create(channel=channel, user=stranger)
    say(stranger, "after following")
    Follow.objects.create(channel=channel, user=viewer)
    assert caught(api, base, kind="follow_age", settings={"seconds": 0}) == ["before following"]
    say(viewer, "second")
    assert caught(api, base, kind="first_message") == ["after following", "before following"]


def test_a_dry_run_of_nonsense_is_refused_by_field_and_stores_nothing(api: APIClient, base: str) -> None:
    for rule, field in (
        ({"kind": "planet"}, "kind"),
        ({}, "rule.kind"),
        ({"kind": "caps", "settings": 5}, "settings"),
    ):
        answer = api.post(f"{base}/filters/dry-run", {"rule": rule}, format="json")
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_lists_cost_the_same_however_long_they_are(
    api: APIClient, base: str, room: ChatRoom, say: Say, unlimited: None, django_assert_max_num_queries: Any
) -> None:
    for n in range(6):
        person = factories.person(f"speaker{n}")
        said = say(person)
        say(person, "so", reply_to=said.pk)
        HeldMessage.objects.create(
            room=room, user=person, content="x", nonce="n", rule="terms", matched_from=0, matched_to=1
        )
    for path, most in (
        (f"{base}/settings", 3),
        ("/api/moderation/queue", 4),
        (f"{base}/people/speaker1/messages", 6),
    ):
        with django_assert_max_num_queries(most):
            assert api.get(path).status_code == 200
