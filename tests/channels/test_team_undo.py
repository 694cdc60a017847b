"""Changes of a team are undone from the log, and never against the word of those whom they are about."""

from __future__ import annotations

import contextlib

import hypothesis
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from pytest import raises

from apps.accounts.services import block_person
from apps.channels import policies, services
from apps.channels.models import ChannelRole, RoleInvitation
from apps.channels.roles import Role
from apps.channels.services import team
from apps.core.errors import Conflict, DomainError, NotAllowed
from apps.core.models import AuditEntry
from apps.core.ratelimit import Limit
from apps.moderation import undo
from tests import factories

State = RoleInvitation.State
GIVEN = ("vip", "moderator", "editor")


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    monkeypatch.setattr(team, "INVITATIONS", Limit("unlimited", "100000/1"))


def invite(actor, channel, person, role="moderator"):
    return services.invite_helper(actor=actor, channel=channel, username=person.username, role=role)


def answer(invitation, *, accept=True):
    return services.answer_invitation(actor=invitation.user, invitation_id=invitation.pk, accept=accept)


def last(action):
    return AuditEntry.objects.filter(action=action).first()


def undo_last(actor, channel, action):
    return undo.undo_action(actor=actor, channel=channel, entry_id=last(action).pk)


def role_of(person, channel):
    return policies.role_of(person, channel)


def test_an_invitation_that_waits_is_withdrawn(channel, streamer, stranger):
    invitation = invite(streamer, channel, stranger)
    undo_last(streamer, channel, "invitation.sent")
    invitation.refresh_from_db()
    assert invitation.state == State.WITHDRAWN
    with raises(Conflict):
        answer(invitation)
    assert role_of(stranger, channel) is None


@pytest.mark.parametrize("before", [None, Role.VIP])
def test_a_role_that_was_accepted_ends_and_the_one_before_is_back(channel, streamer, stranger, before):
    if before:
        ChannelRole.objects.create(channel=channel, user=stranger, role=before)
    answer(invite(streamer, channel, stranger))
    assert role_of(stranger, channel) is Role.MODERATOR
    undo_last(streamer, channel, "invitation.sent")
    assert role_of(stranger, channel) is before


def test_an_invitation_that_was_declined_is_not_undone(channel, streamer, stranger):
    answer(invite(streamer, channel, stranger), accept=False)
    with raises(Conflict) as refusal:
        undo_last(streamer, channel, "invitation.sent")
    assert refusal.value.code == "NO_LONGER_APPLIES"


def test_a_withdrawn_invitation_waits_again(channel, streamer, stranger):
    invitation = invite(streamer, channel, stranger)
    services.withdraw_invitation(actor=streamer, invitation_id=invitation.pk)
    undo_last(streamer, channel, "invitation.withdrawn")
    answer(invitation)
    assert role_of(stranger, channel) is Role.MODERATOR


def test_it_does_not_wait_again_for_who_blocks_the_owner(channel, streamer, stranger):
    invitation = invite(streamer, channel, stranger)
    services.withdraw_invitation(actor=streamer, invitation_id=invitation.pk)
    block_person(actor=stranger, person=streamer)
    with raises(Conflict):
        undo_last(streamer, channel, "invitation.withdrawn")
    invitation.refresh_from_db()
    assert invitation.state == State.WITHDRAWN


@pytest.mark.parametrize("role", GIVEN)
def test_a_role_that_was_taken_is_given_back(channel, streamer, stranger, role):
    answer(invite(streamer, channel, stranger, role))
    services.remove_helper(actor=streamer, channel=channel, user=stranger)
    undo_last(streamer, channel, "role.removed")
    assert role_of(stranger, channel) == role


@pytest.mark.parametrize("word", ["declined", "left", "blocked", "deleted", "returned"])
def test_nobody_is_made_a_helper_against_their_word(channel, streamer, stranger, word):
    answer(invite(streamer, channel, stranger))
    services.remove_helper(actor=streamer, channel=channel, user=stranger)
    removed = last("role.removed")
    match word:
        case "declined":
            answer(invite(streamer, channel, stranger), accept=False)
        case "left":
            answer(invite(streamer, channel, stranger, "vip"))
            services.leave_team(actor=stranger, channel=channel)
        case "blocked":
            block_person(actor=stranger, person=streamer)
        case "deleted":
            stranger.is_active = False
            stranger.save()
        case "returned":
            answer(invite(streamer, channel, stranger, "vip"))
    before = role_of(stranger, channel)
    with raises(Conflict) as refusal:
        undo.undo_action(actor=streamer, channel=channel, entry_id=removed.pk)
    assert refusal.value.code == "NO_LONGER_APPLIES"
    assert role_of(stranger, channel) is before


def test_what_a_person_decided_themselves_cannot_be_undone(channel, streamer, stranger):
    answer(invite(streamer, channel, stranger))
    services.leave_team(actor=stranger, channel=channel)
    for action in ("invitation.accepted", "role.left"):
        with raises(Conflict) as refusal:
            undo_last(streamer, channel, action)
        assert refusal.value.code == "CANNOT_BE_UNDONE"


def test_it_takes_the_power_over_the_role(channel, streamer, stranger):
    """Moderators undo what happens in the chat; who is in the team is the owner's word."""
    colleague = factories.person("colleague")
    ChannelRole.objects.create(channel=channel, user=colleague, role=Role.MODERATOR)
    answer(invite(streamer, channel, stranger))
    sent = last("invitation.sent")
    services.remove_helper(actor=streamer, channel=channel, user=stranger)
    for entry in (sent, last("role.removed")):
        with raises(NotAllowed):
            undo.undo_action(actor=colleague, channel=channel, entry_id=entry.pk)
    assert role_of(stranger, channel) is None


def test_an_older_invitation_does_not_take_a_newer_role_away(channel, streamer, stranger):
    answer(invite(streamer, channel, stranger))
    first = last("invitation.sent")
    services.remove_helper(actor=streamer, channel=channel, user=stranger)
    answer(invite(streamer, channel, stranger))
    with raises(Conflict):
        undo.undo_action(actor=streamer, channel=channel, entry_id=first.pk)
    assert role_of(stranger, channel) is Role.MODERATOR


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["invite", "accept", "withdraw", "remove"]),
        st.integers(0, 1),
        st.sampled_from(GIVEN),
    ),
    max_size=12,
)


def perform(actor, channel, people, deeds, *, since=None):
    """These deeds one after another; what is refused is no deed. Invitations are accepted that were sent
    meanwhile: what people decided about older ones is theirs."""
    for deed, whom, role in deeds:
        person = people[whom]
        waits = RoleInvitation.objects.open().filter(channel=channel, user=person)
        with contextlib.suppress(DomainError):
            match deed:
                case "invite":
                    invite(actor, channel, person, role)
                case "accept":
                    found = waits.filter(created_at__gte=since).first() if since else waits.first()
                    if found:
                        answer(found)
                case "withdraw":
                    if found := waits.first():
                        services.withdraw_invitation(actor=actor, invitation_id=found.pk)
                case "remove":
                    services.remove_helper(actor=actor, channel=channel, user=person)


def state(channel):
    waits = RoleInvitation.objects.open().filter(channel=channel)
    return (
        sorted(ChannelRole.objects.filter(channel=channel).values_list("user", "role")),
        sorted(waits.values_list("user", "role")),
    )


@hypothesis.given(before=DEEDS, deeds=DEEDS, in_bulk=st.booleans())
def test_random_deeds_and_their_undo_in_reverse_give_the_starting_state(
    channel, streamer, stranger, before, deeds, in_bulk
):
    with transaction.atomic():
        people = (stranger, factories.person("another"))
        perform(streamer, channel, people, before)
        start, since = state(channel), timezone.now()
        perform(streamer, channel, people, deeds, since=since)
        if in_bulk:
            undone = undo.undo_everything(actor=streamer, channel=channel, by_user=streamer, since=since)
            assert undone.refused == []
        else:
            mine = AuditEntry.objects.filter(actor_id=streamer.pk, created_at__gte=since)
            for entry in list(mine.filter(action__in=undo.INVERSES)):
                undo.undo_action(actor=streamer, channel=channel, entry_id=entry.pk)
        assert state(channel) == start
        transaction.set_rollback(True)
