"""Moderation through the API, as a mobile client sees it."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from apps.moderation import selectors, services
from apps.moderation.models import AutomodRule, Report, Sanction
from tests import factories

from .conftest import client_of


@pytest.fixture
def base(channel):
    return f"/api/channels/{channel.pk}"


@pytest.fixture
def api(moderator):
    return client_of(moderator)


def test_a_ban_is_made_listed_and_lifted(api, base, viewer):
    made = api.post(f"{base}/bans", {"userId": str(viewer.pk), "reason": "Spam"}, format="json")
    assert made.status_code == 201
    body = made.json()
    assert set(body) == {"id", "kind", "user", "reason", "createdBy", "createdAt", "expiresAt"}
    assert (body["kind"], body["user"]["username"], body["createdBy"]["username"]) == (
        "ban",
        "viewer",
        "moderator",
    )
    assert api.get(f"{base}/bans").json()["data"] == [body]
    for _ in range(2):
        assert api.delete(f"{base}/bans/{viewer.pk}").status_code == 204
    assert api.get(f"{base}/bans").json()["data"] == []


def test_a_time_out_a_warning_and_a_ban_by_name(api, base, viewer, channel):
    timed = api.post(f"{base}/mod/timeout", {"username": "VIEWER", "seconds": 60}, format="json")
    assert (timed.status_code, timed.json()["kind"]) == (201, "timeout")
    assert timed.json()["expiresAt"]
    warned = api.post(f"{base}/mod/warn", {"username": "viewer", "reason": "Hm"}, format="json")
    assert warned.status_code == 201
    assert api.post(f"{base}/mod/ban", {"username": "viewer"}, format="json").status_code == 201
    theirs = client_of(viewer)
    assert theirs.post(f"{base}/warnings/{warned.json()['id']}/acknowledge").status_code == 204
    assert selectors.standing_of([viewer.pk], channel)[viewer.pk].warning_id is None


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("bans", {}, "userId"),
        ("bans", {"userId": "not-an-id"}, "userId"),
        ("bans", {"userId": str(uuid.uuid4()), "username": "viewer"}, "userId"),
        ("bans", {"username": "viewer", "reason": "x" * 301}, "reason"),
        ("bans", {"username": "viewer", "reason": {"a": 1}}, "reason"),
        ("bans", [], "nonFieldErrors"),
        ("mod/timeout", {"username": "viewer"}, "seconds"),
        ("mod/timeout", {"username": "viewer", "seconds": 0}, "seconds"),
        ("mod/timeout", {"username": "viewer", "seconds": "soon"}, "seconds"),
        ("mod/timeout", {"username": "viewer", "seconds": 10**30}, "seconds"),
        ("mod/warn", {"username": "viewer"}, "reason"),
        ("mod/undo", {"username": "viewer", "since": "yesterday"}, "since"),
        ("mod/undo", {"username": "viewer", "since": "2999-01-01T00:00:00Z"}, "since"),
        ("unban-requests", {}, "text"),
    ],
)
def test_bad_input_names_the_field_in_the_envelope(api, base, viewer, path, body, field):
    answer = api.post(f"{base}/{path}", body, format="json")
    assert answer.status_code == 400, answer.json()
    assert answer.json()["error"] is True
    if field != "nonFieldErrors":
        assert field in answer.json()["fields"]
    assert not Sanction.objects.exists()


def test_nobody_of_that_name_is_not_found(api, base):
    answer = api.post(f"{base}/bans", {"username": "nobody\u0000else"}, format="json")
    assert answer.status_code in (400, 404)
    assert api.post(f"{base}/bans", {"username": "ghost"}, format="json").json()["code"] == "USER_NOT_FOUND"
    assert api.delete(f"{base}/bans/{uuid.uuid4()}").status_code == 404
    assert api.post("/api/channels/nowhere/bans", {"username": "x"}, format="json").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("vip", 403), ("editor", 403), (None, 401)])
def test_who_has_no_power_reads_and_does_nothing(request, base, stranger, who, status):
    client = client_of(request.getfixturevalue(who)) if who else APIClient()
    person, some = {"username": "stranger"}, uuid.uuid4()
    calls = [
        ("get", "bans", None), ("post", "bans", person), ("delete", f"bans/{stranger.pk}", None),
        ("post", "mod/ban", person), ("post", "mod/timeout", person | {"seconds": 5}),
        ("post", "mod/warn", person | {"reason": "Hm"}), ("get", "mod/logs", None),
        ("post", f"mod/logs/{some}/undo", None),
        ("post", "mod/undo", person | {"since": "2020-01-01T00:00:00Z"}), ("get", "filters", None),
        ("put", "filters", {"rules": []}), ("get", "reports", None),
        ("post", f"reports/{some}/answer", {"answer": "upheld"}), ("get", "unban-requests", None),
        ("post", f"unban-requests/{some}/answer", {"answer": "granted"}),
    ]  # fmt: skip
    for verb, path, body in calls:
        answer = getattr(client, verb)(f"{base}/{path}", body, format="json")
        assert answer.status_code == status, (verb, path, answer.json())
    assert not Sanction.objects.exists()
    assert not AutomodRule.objects.exists()


def test_the_log_tells_who_did_what_to_whom_and_can_be_undone(api, base, viewer, moderator):
    api.post(f"{base}/bans", {"username": "viewer", "reason": "Spam"}, format="json")
    (entry,) = api.get(f"{base}/mod/logs").json()["data"]
    assert (entry["action"], entry["actor"]["username"], entry["subject"]["username"]) == (
        "person.ban",
        "moderator",
        "viewer",
    )
    assert (entry["isUndone"], entry["canUndo"]) == (False, True)
    assert entry["details"]["reason"] == "Spam"
    assert api.post(f"{base}/mod/logs/{entry['id']}/undo").status_code == 201
    again = api.post(f"{base}/mod/logs/{entry['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "UNDONE_BEFORE")
    undo, ban = api.get(f"{base}/mod/logs").json()["data"]
    assert (undo["action"], ban["isUndone"], ban["canUndo"]) == ("moderation.undo", True, False)
    assert api.get(f"{base}/mod/logs?action=person.ban").json()["total"] == 1
    assert api.get(f"{base}/mod/logs?by={viewer.pk}").json()["total"] == 0
    assert "by" in api.get(f"{base}/mod/logs?by=x").json()["fields"]


def test_the_log_has_no_entry_of_keys_or_broadcasts(api, base, channel, streamer):
    client_of(streamer).patch(base, {"description": "New"}, format="json")
    assert api.get(f"{base}/mod/logs").json()["data"] == []


def test_everything_by_one_is_undone_at_once(base, moderator, streamer, viewer, stranger):
    since = timezone.now()
    for person in (viewer, stranger):
        client_of(moderator).post(f"{base}/bans", {"userId": str(person.pk)}, format="json")
    answer = client_of(streamer).post(
        f"{base}/mod/undo", {"username": "moderator", "since": since.isoformat()}, format="json"
    )
    assert answer.status_code == 200
    assert (len(answer.json()["undone"]), answer.json()["refused"]) == (2, [])
    assert client_of(streamer).get(f"{base}/bans").json()["total"] == 0


def test_lists_come_in_pages_with_few_queries(api, base, channel, moderator, django_assert_max_num_queries):
    for _ in range(5):
        services.ban(actor=moderator, channel=channel, user=factories.person())
    first = api.get(f"{base}/bans?limit=2").json()
    assert (first["total"], first["hasMore"], len(first["data"])) == (5, True, 2)
    last = api.get(f"{base}/bans?limit=2&page=3").json()
    assert (last["hasMore"], len(last["data"])) == (False, 1)
    assert api.get(f"{base}/bans?limit=0").status_code == 400
    for path in ("bans", "mod/logs", "reports", "unban-requests"):
        with django_assert_max_num_queries(9):
            assert api.get(f"{base}/{path}").status_code == 200


def test_filters_are_read_and_replaced(api, base):
    before = api.get(f"{base}/filters").json()["rules"]
    assert {rule["kind"] for rule in before} >= {"terms", "profanity", "links"}
    assert set(before[0]) == {"kind", "label", "isOn", "action", "timeoutSeconds", "settings"}
    wanted = [
        {"kind": "terms", "label": "spoilers", "settings": {"blocked": ["ending*"]}, "action": "refuse"},
        {"kind": "caps", "isOn": True, "action": "time_out", "timeoutSeconds": 30},
    ]
    answer = api.put(f"{base}/filters", {"rules": wanted}, format="json")
    assert answer.status_code == 200
    by_key = {(rule["kind"], rule["label"]): rule for rule in answer.json()["rules"]}
    assert by_key["terms", "spoilers"]["settings"]["blocked"] == ["ending*"]
    assert (by_key["caps", ""]["timeoutSeconds"], by_key["caps", ""]["isOn"]) == (30, True)
    # What was read can be written: clients change one thing of what they got.
    assert api.put(f"{base}/filters", answer.json(), format="json").json() == answer.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rules"),
        ({"rules": {}}, "rules"),
        ({"rules": [5]}, "rules"),
        ({"rules": [{"kind": "nonsense"}]}, "rules.0.kind"),
        (
            {"rules": [{"kind": "caps"}, {"kind": "terms", "settings": {"blocked": 5}}]},
            "rules.1.settings.blocked",
        ),
        ({"rules": [{"kind": "caps", "action": "time_out"}]}, "rules.0.timeoutSeconds"),
        ({"rules": [{"kind": "caps"}] * 101}, "rules"),
    ],
)
def test_bad_filters_are_refused_by_place(api, base, body, field):
    answer = api.put(f"{base}/filters", body, format="json")
    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json()["fields"]), answer.json()
    assert not AutomodRule.objects.exists()


def test_a_report_is_made_seen_and_answered(api, base, channel, viewer, stranger):
    theirs = client_of(stranger)
    body = {"kind": "person", "subjectId": str(viewer.pk), "channelId": channel.slug, "reason": "spam"}
    made = theirs.post("/api/reports", body, format="json")
    assert (made.status_code, made.json()["state"]) == (201, "open")
    assert theirs.post("/api/reports", body, format="json").json()["id"] == made.json()["id"]
    (seen,) = api.get(f"{base}/reports?state=open").json()["data"]
    assert (seen["reporter"]["username"], seen["subject"]["username"]) == ("stranger", "viewer")
    answered = api.post(f"{base}/reports/{seen['id']}/answer", {"answer": "upheld"}, format="json")
    assert (answered.status_code, answered.json()["state"]) == (200, "upheld")
    assert "state" in api.get(f"{base}/reports?state=lost").json()["fields"]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"kind": "planet"}, 400, "kind"),
        ({"reason": "because"}, 400, "reason"),
        ({"subjectId": "x"}, 400, "subjectId"),
        ({"channelId": None}, 400, "channelId"),
        ({"words": "x" * 501}, 400, "words"),
        ({"subjectId": str(uuid.uuid4())}, 404, None),
        ({"channelId": "nowhere"}, 404, None),
    ],
)
def test_a_bad_report_is_refused(channel, viewer, stranger, change, status, field):
    body = {"kind": "person", "subjectId": str(viewer.pk), "channelId": channel.slug, "reason": "spam"}
    answer = client_of(stranger).post("/api/reports", body | change, format="json")
    assert answer.status_code == status, answer.json()
    assert field is None or field in answer.json()["fields"]
    assert not Report.objects.exists()


def test_a_channels_own_people_see_no_report_about_it(api, base, channel, stranger):
    body = {"kind": "channel", "subjectId": str(channel.pk), "reason": "hate"}
    made = client_of(stranger).post("/api/reports", body, format="json")
    assert made.status_code == 201
    assert api.get(f"{base}/reports").json()["total"] == 0
    answer = api.post(f"{base}/reports/{made.json()['id']}/answer", {"answer": "dismissed"}, format="json")
    assert answer.status_code == 404


def test_a_moderator_sees_nothing_that_is_about_themselves(
    api, base, channel, streamer, moderator, stranger, client
):
    """Neither who reported them, nor what others noted on them or on their own plea."""
    services.report(
        actor=stranger, kind="person", subject_id=moderator.pk, reason="harassment", channel=channel
    )
    note = services.write_note(actor=streamer, channel=channel, user=moderator, text="asleep at work")
    services.ban(actor=streamer, channel=channel, user=moderator)
    plea = services.request_unban(actor=moderator, channel=channel, text="please")
    services.answer_unban_request(actor=streamer, request=plea, answer="denied", private_note="never again")
    asked = [f"{base}/reports", f"{base}/unban-requests", f"{base}/people/{moderator.pk}"]
    client.force_login(moderator)
    pages = [reverse("moderation:desk", args=[channel.slug])]
    pages.append(reverse("moderation:person", args=[channel.slug, moderator.pk]))
    for answer in [*map(api.get, asked), *map(client.get, pages)]:
        assert answer.status_code == 200
        for secret in (stranger.username, "asleep at work", "never again"):
            assert secret not in answer.content.decode(), answer.request["PATH_INFO"]
    assert api.delete(f"{base}/notes/{note.pk}").status_code == 404
    assert len(client_of(streamer).get(asked[0]).json()["data"]) == 1


def test_a_plea_is_made_seen_and_answered(api, base, viewer, channel, moderator):
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Spam")
    made = client_of(viewer).post(f"{base}/unban-requests", {"text": "Please"}, format="json")
    assert made.status_code == 201
    assert "privateNote" not in made.json()
    (seen,) = api.get(f"{base}/unban-requests?state=open").json()["data"]
    assert (seen["user"]["username"], seen["reason"], seen["text"]) == ("viewer", "Spam", "Please")
    answer = {"answer": "granted", "publicNote": "Be kind", "privateNote": "Watch"}
    answered = api.post(f"{base}/unban-requests/{seen['id']}/answer", answer, format="json")
    assert (answered.status_code, answered.json()["state"]) == (200, "granted")
    assert api.get(f"{base}/bans").json()["total"] == 0
    assert api.post(f"{base}/unban-requests/{seen['id']}/answer", answer, format="json").status_code == 409
