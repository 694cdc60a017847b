"""Roles and invitations through the API."""

import pytest
from rest_framework.test import APIClient

from apps.channels import services
from apps.channels.models import Channel, ChannelRole, RoleInvitation
from apps.channels.roles import Role
from tests import factories


@pytest.fixture
def roles(channel):
    return f"/api/channels/{channel.pk}/roles"


def test_from_the_invitation_to_the_last_day(mine, theirs, roles, channel, stranger):
    sent = mine.post(roles, {"username": "stranger", "role": "moderator"}, format="json")
    assert sent.status_code == 201
    body = sent.json()
    assert set(body) == {
        "id", "channel", "user", "role", "invitedBy", "state", "createdAt", "answeredAt",
    }  # fmt: skip
    assert (body["role"], body["state"], body["answeredAt"]) == ("moderator", "open", None)
    assert set(body["channel"]) == {"id", "slug", "name", "avatarUrl"}
    assert (body["user"]["username"], body["invitedBy"]["username"]) == ("stranger", "streamer")

    found = theirs.get("/api/invitations").json()
    assert (found["total"], found["data"][0]["id"]) == (1, body["id"])
    assert mine.get("/api/invitations").json()["data"] == []
    assert mine.get(f"/api/channels/{channel.pk}/invitations").json()["total"] == 1

    accepted = theirs.post(f"/api/invitations/{body['id']}/accept")
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    again = theirs.post(f"/api/invitations/{body['id']}/decline")
    assert (again.status_code, again.json()["code"]) == (409, "INVITATION_CLOSED")
    team = mine.get(roles).json()
    assert [(row["user"]["username"], row["role"]) for row in team["data"]] == [("stranger", "moderator")]
    assert set(team["data"][0]) == {"user", "role", "createdAt"}

    assert mine.delete(f"{roles}/{stranger.pk}").status_code == 204
    gone = mine.delete(f"{roles}/stranger")
    assert (gone.status_code, gone.json()["code"]) == (404, "NO_ROLE")


def test_declining_and_withdrawing(mine, theirs, roles):
    first = mine.post(roles, {"username": "stranger", "role": "vip"}, format="json").json()
    assert theirs.delete(f"/api/invitations/{first['id']}").status_code == 403
    assert theirs.post(f"/api/invitations/{first['id']}/decline").json()["state"] == "declined"
    second = mine.post(roles, {"username": "stranger", "role": "vip"}, format="json").json()
    withdrawn = mine.delete(f"/api/invitations/{second['id']}")
    assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
    assert not RoleInvitation.objects.open().exists()


def test_an_invitation_waits_while_its_channel_is_suspended(mine, theirs, roles, channel):
    editor = factories.person()
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    editors = APIClient()
    editors.force_authenticate(editor)
    sent = mine.post(roles, {"username": "stranger", "role": "vip"}, format="json").json()
    address = f"/api/invitations/{sent['id']}"
    Channel.objects.update(suspended_at="2026-01-01T00:00Z")
    assert theirs.get("/api/invitations").json()["total"] == 0
    for answer in (
        theirs.post(f"{address}/accept"),
        theirs.post(f"{address}/decline"),
        editors.delete(address),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "INVITATION_NOT_FOUND")
    assert RoleInvitation.objects.open().exists()
    Channel.objects.update(suspended_at=None)
    assert theirs.post(f"{address}/accept").json()["state"] == "accepted"


@pytest.mark.parametrize("named", ["id", "username"])
def test_a_helper_leaves_by_removing_themselves(theirs, roles, channel, stranger, named):
    ChannelRole.objects.create(channel=channel, user=stranger, role=Role.MODERATOR)
    assert theirs.delete(f"{roles}/{stranger.pk if named == 'id' else 'stranger'}").status_code == 204
    assert not ChannelRole.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"),
        ({"username": "stranger"}, "role"),
        ({"username": "stranger", "role": "owner"}, "role"),
        ({"username": "stranger", "role": 7}, "role"),
        ({"username": ["stranger"], "role": "vip"}, "username"),
        ({"username": "", "role": "vip"}, "username"),
        ({"username": "x" * 5000, "role": "vip"}, "username"),
        ({"username": "nobody_at_all", "role": "vip"}, "username"),
        ({"username": "streamer", "role": "vip"}, "username"),
    ],
)
def test_bad_input_names_the_field_in_the_envelope(mine, roles, stranger, body, field):
    answer = mine.post(roles, body, format="json")
    assert answer.status_code == 400
    error = answer.json()
    assert error["error"] is True
    assert field in error["fields"]
    assert not RoleInvitation.objects.exists()


def test_a_stranger_reads_and_changes_nothing(theirs, roles, channel, streamer, stranger):
    vip = factories.person()
    ChannelRole.objects.create(channel=channel, user=vip, role=Role.VIP)
    for answer in (
        theirs.get(roles),
        theirs.get(f"/api/channels/{channel.pk}/invitations"),
        theirs.post(roles, {"username": vip.username, "role": "vip"}, format="json"),
        theirs.delete(f"{roles}/{vip.pk}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "NOT_ALLOWED")
    assert ChannelRole.objects.count() == 1


def test_a_visitor_is_asked_to_sign_in(roles, channel, streamer, stranger):
    visitor = APIClient()
    invitation = services.invite_helper(actor=streamer, channel=channel, username="stranger", role="vip")
    for answer in (
        visitor.get(roles),
        visitor.post(roles, {"username": "stranger", "role": "vip"}, format="json"),
        visitor.delete(f"{roles}/{stranger.pk}"),
        visitor.get("/api/invitations"),
        visitor.post(f"/api/invitations/{invitation.pk}/accept"),
        visitor.delete(f"/api/invitations/{invitation.pk}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_IN_NEEDED")


@pytest.mark.parametrize("invitation", ["1", "nonsense", "11111111-2222-3333-4444-555555555555"])
def test_an_invitation_of_nobody_is_not_found(theirs, invitation):
    for verb in ("accept", "decline"):
        answer = theirs.post(f"/api/invitations/{invitation}/{verb}")
        assert (answer.status_code, answer.json()["error"]) == (404, True)


def test_lists_take_as_many_queries_whatever_their_length(
    channel, mine, theirs, streamer, roles, django_assert_num_queries
):
    for _ in range(4):
        ChannelRole.objects.create(channel=channel, user=factories.person(), role=Role.VIP)
        services.invite_helper(
            actor=streamer, channel=channel, username=factories.person().username, role="vip"
        )
    with django_assert_num_queries(3):
        assert mine.get(roles).json()["total"] == 4
    with django_assert_num_queries(3):
        assert mine.get(f"/api/channels/{channel.pk}/invitations").json()["total"] == 4
    for _ in range(3):
        other = factories.channel()
        services.invite_helper(actor=other.owner, channel=other, username="stranger", role="vip")
    with django_assert_num_queries(2):
        assert theirs.get("/api/invitations").json()["total"] == 3
