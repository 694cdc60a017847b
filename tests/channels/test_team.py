"""Inviting people to help in a channel, and parting from them."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from pytest import raises

from apps.accounts.models import User
from apps.accounts.services import block_person
from apps.channels import policies, services
from apps.channels.facts import RoleChanged
from apps.channels.models import Channel, ChannelRole, RoleInvitation
from apps.channels.roles import Role
from apps.channels.selectors import helped_by, open_invitations, team_of
from apps.channels.services import team
from apps.core import events
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded, TooMany
from apps.core.models import AuditEntry
from tests import factories

from .conftest import at_once

State = RoleInvitation.State


def invite(actor, channel, person, role="moderator"):
    return services.invite_helper(actor=actor, channel=channel, username=person.username, role=role)


def accept(invitation):
    return services.answer_invitation(actor=invitation.user, invitation_id=invitation.pk, accept=True)


def helper(channel, role):
    user = factories.person()
    ChannelRole.objects.create(channel=channel, user=user, role=role)
    return user


def role_of(person, channel):
    return policies.role_of(person, channel)


@pytest.fixture
def changes(monkeypatch):
    """Whose roles were told to have changed."""
    told = []
    monkeypatch.setitem(events._reactions, RoleChanged, [told.append])
    return told


def test_a_role_counts_once_the_invitation_is_accepted(
    channel, streamer, stranger, changes, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        invitation = services.invite_helper(
            actor=streamer, channel=channel, username=" @STRANGER ", role="moderator"
        )
    assert role_of(stranger, channel) is None
    assert list(RoleInvitation.objects.addressed_to(stranger)) == [invitation]
    assert changes == []
    with django_capture_on_commit_callbacks(execute=True):
        accept(invitation)
    assert role_of(stranger, channel) is Role.MODERATOR
    assert changes == [RoleChanged(channel.pk, stranger.pk)]
    assert [place.channel for place in helped_by(stranger)] == [channel]
    invitation.refresh_from_db()
    assert (invitation.state, invitation.answered_at is not None) == (State.ACCEPTED, True)


def test_a_declined_invitation_changes_nothing_and_may_be_sent_again(
    channel, streamer, stranger, changes, django_capture_on_commit_callbacks
):
    invitation = invite(streamer, channel, stranger)
    with django_capture_on_commit_callbacks(execute=True):
        services.answer_invitation(actor=stranger, invitation_id=invitation.pk, accept=False)
    assert role_of(stranger, channel) is None
    assert changes == []
    assert invite(streamer, channel, stranger) != invitation


@pytest.mark.parametrize("before", [Role.EDITOR, Role.MODERATOR, Role.VIP])
@pytest.mark.parametrize("after", [Role.EDITOR, Role.MODERATOR, Role.VIP])
def test_another_role_replaces_the_one_before(channel, streamer, before, after):
    person = helper(channel, before)
    if before is after:
        with raises(Invalid) as refusal:
            invite(streamer, channel, person, after)
        assert list(refusal.value.fields) == ["username"]
        return
    invitation = invite(streamer, channel, person, after)
    assert role_of(person, channel) is before
    accept(invitation)
    assert role_of(person, channel) is after
    assert ChannelRole.objects.count() == 1
    accepted = AuditEntry.objects.get(action="invitation.accepted")
    assert (accepted.details["role"], accepted.details["before"]) == (after, before)


@pytest.mark.parametrize(
    ("username", "role", "field"),
    [
        ("", "vip", "username"),
        ("  @ ", "vip", "username"),
        ("nobody_at_all", "vip", "username"),
        ("x" * 10_000, "vip", "username"),
        ("a\x00b", "vip", "username"),
        (5, "vip", "username"),
        (None, "vip", "username"),
        ("streamer", "vip", "username"),
        ("stranger", "", "role"),
        ("stranger", "owner", "role"),
        ("stranger", "king", "role"),
        ("stranger", None, "role"),
        ("stranger", ["vip"], "role"),
    ],
)
def test_bad_input_is_refused_by_field(channel, streamer, stranger, username, role, field):
    with raises(Invalid) as refusal:
        services.invite_helper(actor=streamer, channel=channel, username=username, role=role)
    assert list(refusal.value.fields) == [field]
    assert not RoleInvitation.objects.exists()


def test_a_closed_account_is_not_invited(channel, streamer, stranger):
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    with raises(Invalid):
        invite(streamer, channel, stranger)


def test_an_editor_gives_and_takes_vip_and_nothing_else(channel, streamer, stranger):
    editor = helper(channel, Role.EDITOR)
    for role in (Role.MODERATOR, Role.EDITOR):
        with raises(NotAllowed):
            invite(editor, channel, stranger, role)
    accept(invite(editor, channel, stranger, Role.VIP))
    services.remove_helper(actor=editor, channel=channel, user=stranger)
    assert role_of(stranger, channel) is None
    moderator = helper(channel, Role.MODERATOR)
    with raises(NotAllowed):
        invite(editor, channel, moderator, Role.VIP)
    with raises(NotAllowed):
        services.remove_helper(actor=editor, channel=channel, user=moderator)
    with raises(NotAllowed):
        services.withdraw_invitation(
            actor=editor, invitation_id=invite(streamer, channel, stranger, Role.MODERATOR).pk
        )
    with raises(Invalid):
        invite(editor, channel, streamer, Role.VIP)
    assert role_of(moderator, channel) is Role.MODERATOR


@pytest.mark.parametrize("role", [None, Role.VIP, Role.MODERATOR])
def test_who_may_choose_nobody_sees_and_changes_no_team(channel, streamer, stranger, role):
    actor = helper(channel, role) if role else stranger
    vip, invited = helper(channel, Role.VIP), factories.person()
    invitation = invite(streamer, channel, invited)
    for deed in (
        lambda: invite(actor, channel, factories.person(), Role.VIP),
        lambda: services.withdraw_invitation(actor=actor, invitation_id=invitation.pk),
        lambda: services.remove_helper(actor=actor, channel=channel, user=vip),
        lambda: team_of(viewer=actor, channel=channel),
        lambda: open_invitations(viewer=actor, channel=channel),
    ):
        with raises(NotAllowed):
            deed()
    assert RoleInvitation.objects.open().get() == invitation
    assert role_of(vip, channel) is Role.VIP


def test_nobody_signed_in_does_nothing(channel, streamer, stranger):
    nobody, invitation = AnonymousUser(), invite(streamer, channel, stranger)
    for deed in (
        lambda: invite(nobody, channel, stranger),
        lambda: services.answer_invitation(actor=nobody, invitation_id=invitation.pk, accept=True),
        lambda: services.withdraw_invitation(actor=nobody, invitation_id=invitation.pk),
        lambda: services.remove_helper(actor=nobody, channel=channel, user=stranger),
        lambda: services.leave_team(actor=nobody, channel=channel),
    ):
        with raises(SignInNeeded):
            deed()
    assert RoleInvitation.objects.open().exists()


def test_an_invitation_is_answered_by_whom_it_is_for(channel, streamer, stranger):
    invitation = invite(streamer, channel, stranger)
    for actor in (streamer, factories.person()):
        with raises(NotFound):
            services.answer_invitation(actor=actor, invitation_id=invitation.pk, accept=True)
    with raises(NotFound):
        services.answer_invitation(actor=stranger, invitation_id=uuid.uuid4(), accept=True)
    assert not ChannelRole.objects.exists()


def test_a_person_has_one_open_invitation_to_a_channel(channel, streamer, stranger):
    first = invite(streamer, channel, stranger, Role.VIP)
    with raises(Conflict) as refusal:
        invite(streamer, channel, stranger, Role.EDITOR)
    assert refusal.value.code == "ALREADY_INVITED"
    with raises(IntegrityError), transaction.atomic():
        RoleInvitation.objects.create(channel=channel, user=stranger, role=Role.EDITOR)
    services.withdraw_invitation(actor=streamer, invitation_id=first.pk)
    accept(invite(streamer, channel, stranger, Role.EDITOR))


def test_what_is_withdrawn_or_answered_is_closed(channel, streamer, stranger):
    invitation = invite(streamer, channel, stranger)
    services.withdraw_invitation(actor=streamer, invitation_id=invitation.pk)
    for deed in (
        lambda: accept(invitation),
        lambda: services.answer_invitation(actor=stranger, invitation_id=invitation.pk, accept=False),
        lambda: services.withdraw_invitation(actor=streamer, invitation_id=invitation.pk),
    ):
        with raises(Conflict) as refusal:
            deed()
        assert refusal.value.code == "INVITATION_CLOSED"
        assert refusal.value.message == "This invitation was withdrawn already."
    assert not ChannelRole.objects.exists()


def test_removing_a_helper_takes_back_what_they_could_still_accept(channel, streamer):
    person = helper(channel, Role.MODERATOR)
    invitation = invite(streamer, channel, person, Role.EDITOR)
    services.remove_helper(actor=streamer, channel=channel, user=person)
    with raises(Conflict):
        accept(invitation)
    assert role_of(person, channel) is None
    with raises(NotFound) as refusal:
        services.remove_helper(actor=streamer, channel=channel, user=person)
    assert refusal.value.code == "NO_ROLE"


def test_an_editor_who_removes_a_vip_leaves_the_owners_invitation_to_the_owner(channel, streamer):
    editor, vip = helper(channel, Role.EDITOR), helper(channel, Role.VIP)
    invitation = invite(streamer, channel, vip, Role.MODERATOR)
    services.remove_helper(actor=editor, channel=channel, user=vip)
    accept(invitation)
    assert role_of(vip, channel) is Role.MODERATOR


def test_a_helper_leaves_and_the_owner_stays(channel, streamer, changes, django_capture_on_commit_callbacks):
    moderator = helper(channel, Role.MODERATOR)
    with django_capture_on_commit_callbacks(execute=True):
        services.leave_team(actor=moderator, channel=channel)
    assert role_of(moderator, channel) is None
    assert changes == [RoleChanged(channel.pk, moderator.pk)]
    for actor in (moderator, streamer):
        with raises(NotFound):
            services.leave_team(actor=actor, channel=channel)
    assert role_of(streamer, channel) is Role.OWNER


def test_every_deed_of_the_team_is_in_the_log(channel, streamer, stranger):
    accept(invite(streamer, channel, stranger))
    services.remove_helper(actor=streamer, channel=channel, user=stranger)
    declined = invite(streamer, channel, stranger)
    services.answer_invitation(actor=stranger, invitation_id=declined.pk, accept=False)
    services.withdraw_invitation(
        actor=streamer, invitation_id=invite(streamer, channel, stranger, Role.VIP).pk
    )
    services.leave_team(actor=helper(channel, Role.VIP), channel=channel)
    entries = (
        AuditEntry.objects.filter(channel_id=channel.pk).exclude(action="channel.created").order_by("id")
    )
    assert [entry.action for entry in entries] == [
        "invitation.sent", "invitation.accepted", "role.removed",
        "invitation.sent", "invitation.declined",
        "invitation.sent", "invitation.withdrawn", "role.left",
    ]  # fmt: skip
    removed = entries.get(action="role.removed")
    assert (removed.actor_id, removed.details) == (
        streamer.pk,
        {"user_id": str(stranger.pk), "role": "moderator"},
    )


@pytest.mark.parametrize("who", ["owner", "editor"])
def test_who_blocks_the_owner_or_the_sender_is_not_invited(channel, streamer, stranger, who):
    sender = streamer if who == "owner" else helper(channel, Role.EDITOR)
    block_person(actor=stranger, person=sender)
    with raises(NotAllowed) as refusal:
        invite(sender, channel, stranger, Role.VIP)
    assert refusal.value.code == "BLOCKED"
    assert not RoleInvitation.objects.exists()


def test_whom_the_owner_blocks_is_not_invited_by_anybody(channel, streamer, stranger):
    block_person(actor=streamer, person=stranger)
    for sender in (streamer, helper(channel, Role.EDITOR)):
        with raises(NotAllowed):
            invite(sender, channel, stranger, Role.VIP)


def test_who_is_blocked_after_the_invitation_does_not_become_a_helper(channel, streamer, stranger):
    invitation = invite(streamer, channel, stranger)
    block_person(actor=streamer, person=stranger)
    with raises(NotAllowed) as refusal:
        accept(invitation)
    assert refusal.value.code == "BLOCKED"
    assert role_of(stranger, channel) is None
    services.answer_invitation(actor=stranger, invitation_id=invitation.pk, accept=False)
    assert not RoleInvitation.objects.open().exists()


def test_a_team_has_an_end(channel, streamer, stranger, monkeypatch):
    monkeypatch.setattr(team, "MOST_HELPERS", 2)
    helper(channel, Role.VIP)
    invite(streamer, channel, factories.person())
    with raises(Conflict) as refusal:
        invite(streamer, channel, stranger)
    assert refusal.value.code == "TEAM_FULL"


def test_invitations_are_not_sent_by_the_dozen(channel, streamer):
    for _ in range(team.INVITATIONS.most):
        invite(streamer, channel, factories.person(), Role.VIP)
    with raises(TooMany) as refusal:
        invite(streamer, channel, factories.person(), Role.VIP)
    assert refusal.value.code == "RATE_LIMITED"
    assert refusal.value.retry_after > 3000


def test_helpers_stand_in_the_order_of_their_roles(channel, streamer):
    for role in (Role.VIP, Role.EDITOR, Role.MODERATOR):
        helper(channel, role)
    assert [each.role for each in team_of(viewer=streamer, channel=channel)] == ["editor", "moderator", "vip"]


def test_a_suspended_channel_is_no_place_to_help_in(channel, streamer):
    moderator = helper(channel, Role.MODERATOR)
    Channel.objects.filter(pk=channel.pk).update(suspended_at="2026-01-01T00:00Z")
    assert helped_by(moderator) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_invitations_at_once_one_is_open():
    channel, person = factories.channel(), factories.person()
    outcomes = at_once(
        lambda role: invite(channel.owner, channel, person, role), ["vip", "editor", "moderator"]
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Conflict",
        "Conflict",
        "RoleInvitation",
    ]
    assert RoleInvitation.objects.open().count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_twice_at_once_is_one_role():
    channel, person = factories.channel(), factories.person()
    invitation = invite(channel.owner, channel, person)
    outcomes = at_once(accept, [invitation] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 3 + ["RoleInvitation"]
    assert ChannelRole.objects.count() == 1
    assert AuditEntry.objects.filter(action="invitation.accepted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_while_it_is_withdrawn_has_one_outcome():
    for _ in range(5):
        channel, person = factories.channel(), factories.person()
        invitation = invite(channel.owner, channel, person)

        def withdraw(invitation):
            return services.withdraw_invitation(actor=invitation.channel.owner, invitation_id=invitation.pk)

        outcomes = at_once(lambda deed, given=invitation: deed(given), [accept, withdraw])
        refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
        assert len(refused) == 1
        invitation.refresh_from_db()
        has_role = ChannelRole.objects.filter(channel=channel, user=person).exists()
        assert has_role == (invitation.state == State.ACCEPTED)


@pytest.mark.django_db(transaction=True)
def test_removing_twice_at_once_is_told_once():
    channel = factories.channel()
    person = helper(channel, Role.VIP)
    outcomes = at_once(
        lambda user: services.remove_helper(actor=channel.owner, channel=channel, user=user), [person] * 3
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NotFound", "NotFound"]
    assert AuditEntry.objects.filter(action="role.removed").count() == 1


@pytest.mark.parametrize(
    "table", ["live_channels/channelrole", "live_channels/roleinvitation", "accounts/block"]
)
def test_staff_look_at_the_rows_and_change_them_nowhere(channel, streamer, stranger, client, table):
    ChannelRole.objects.create(channel=channel, user=stranger, role=Role.VIP)
    invite(streamer, channel, factories.person())
    block_person(actor=streamer, person=factories.person())
    client.force_login(
        factories.person(is_staff=True, is_superuser=True),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    assert client.get(f"/admin/{table}/").status_code == 200
    assert client.get(f"/admin/{table}/?q=stranger").status_code == 200
    assert client.get(f"/admin/{table}/add/").status_code == 403
