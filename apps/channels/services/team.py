"""Who helps in a channel: invited, accepted, sent away, gone by themselves.

Every change of a team holds the channel's row, so that two never decide on the same state.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Block, User
from apps.accounts.selectors import named_person
from apps.channels import policies
from apps.channels.facts import RoleChanged
from apps.channels.models import Channel, ChannelRole, RoleInvitation, RoleInvitationQuerySet
from apps.channels.roles import Power, Role, power_to_give
from apps.core import audit
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded, TooMany
from apps.core.events import publish
from apps.core.ratelimit import Limit

if TYPE_CHECKING:
    from apps.accounts.models import Actor

MOST_HELPERS = 200
INVITATIONS = Limit("invitations", "30/3600")


def invite_helper(*, actor: Actor, channel: Channel, username: str, role: str) -> RoleInvitation:
    """Ask a person to take a role; who has another one keeps it until they accept.

    Raises Invalid that names the field, Conflict (ALREADY_INVITED, TEAM_FULL), NotAllowed or TooMany.
    """
    offered = _checked_role(role)
    policies.require(actor, power_to_give(offered), channel)
    person = named_person(username)
    if person.pk == actor.pk:
        raise Invalid.field("username", "You can't invite yourself.")
    if wait := INVITATIONS.take(str(actor.pk)):
        raise TooMany(
            f"You have sent many invitations. Send the next one in {wait // 60 + 1:.0f} minutes.",
            code="RATE_LIMITED",
            retry_after=wait,
        )
    with transaction.atomic():
        channel = Channel.objects.hold(channel.pk)
        require_free(actor, channel, person, offered)
        invitation = RoleInvitation.objects.create(
            channel=channel, user=person, role=offered, invited_by_id=actor.pk
        )
        _record(actor, "invitation.sent", invitation)
    return invitation


def answer_invitation(*, actor: Actor, invitation_id: uuid.UUID, accept: bool) -> RoleInvitation:
    """The invited person accepts, and has the role in place of any other, or declines.

    Raises NotFound for everybody else, and while the channel is suspended; Conflict (INVITATION_CLOSED) when
    it is not open any more; NotAllowed (BLOCKED) to accept when the channel's owner has blocked them since.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to answer an invitation.")
    with transaction.atomic():
        mine = RoleInvitation.objects.reachable_by(actor).filter(user=actor)
        invitation = held_invitation(mine.filter(pk=invitation_id))
        if not accept:
            _close(invitation, RoleInvitation.State.DECLINED)
            _record(actor, "invitation.declined", invitation)
            return invitation
        if Block.objects.stands(by=invitation.channel.owner_id, on=actor.pk):
            raise NotAllowed("You can't help in this channel: its owner has blocked you.", code="BLOCKED")
        before = policies.role_of(actor, invitation.channel)
        ChannelRole.objects.update_or_create(
            channel=invitation.channel, user=actor, defaults={"role": invitation.role}
        )
        _close(invitation, RoleInvitation.State.ACCEPTED)
        _record(actor, "invitation.accepted", invitation, before=before)
        publish(RoleChanged(invitation.channel_id, actor.pk))
    return invitation


def withdraw_invitation(*, actor: Actor, invitation_id: uuid.UUID) -> RoleInvitation:
    """Take an invitation back before it is answered; whoever could send it may.

    Raises NotFound, Conflict (INVITATION_CLOSED) when it is not open any more.
    """
    with transaction.atomic():
        found = RoleInvitation.objects.reachable_by(actor).filter(pk=invitation_id)
        invitation = held_invitation(found)
        policies.require(actor, power_to_give(Role(invitation.role)), invitation.channel)
        _close(invitation, RoleInvitation.State.WITHDRAWN)
        _record(actor, "invitation.withdrawn", invitation)
    return invitation


def remove_helper(*, actor: Actor, channel: Channel, user: User) -> None:
    """Take the role from a helper, and every open invitation that `actor` could have sent.

    Raises NotFound (NO_ROLE) when the person has none.
    """
    policies.require(actor, Power.GIVE_VIP, channel)
    with transaction.atomic():
        channel = Channel.objects.hold(channel.pk)
        held = _helper(channel, user)
        policies.require(actor, power_to_give(Role(held.role)), channel)
        for invitation in channel.role_invitations.open().with_names().filter(user=user):
            if policies.may(actor, power_to_give(Role(invitation.role)), channel):
                _close(invitation, RoleInvitation.State.WITHDRAWN)
                _record(actor, "invitation.withdrawn", invitation)
        _end(actor, "role.removed", held)


def leave_team(*, actor: Actor, channel: Channel) -> None:
    """A helper gives their role back. Raises NotFound (NO_ROLE) for who has none, the owner included."""
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    with transaction.atomic():
        _end(actor, "role.left", _helper(Channel.objects.hold(channel.pk), actor))


def _checked_role(role: str) -> Role:
    if role not in Role.values or role == Role.OWNER:
        raise Invalid.field("role", "Choose editor, moderator or vip.")
    return Role(role)


def require_free(actor: Actor, channel: Channel, person: User, offered: Role) -> None:
    """Raise unless `person` may be offered this role now."""
    held = policies.role_of(person, channel)
    if held is Role.OWNER:
        raise Invalid.field("username", f"{person.name} owns this channel and may do everything here.")
    if held is offered:
        raise Invalid.field("username", f"{person.name} is {offered.label} here already.")
    if held is not None:
        policies.require(actor, power_to_give(held), channel)
    if Block.objects.stands(by=channel.owner_id, on=person.pk):
        raise NotAllowed(f"{person.name} is blocked by this channel's owner.", code="BLOCKED")
    # The person's own word comes first: no invitation from, or into the channel of, somebody they block.
    if Block.objects.filter(user=person, blocked_id__in=[channel.owner_id, actor.pk]).exists():
        raise NotAllowed(f"{person.name} takes no invitations from you.", code="BLOCKED")
    waiting = channel.role_invitations.open()
    if already := waiting.filter(user=person).first():
        raise Conflict(
            f"{person.name} is invited as {already.get_role_display()}. Withdraw that invitation first.",
            code="ALREADY_INVITED",
        )
    if channel.roles.count() + waiting.count() >= MOST_HELPERS:
        raise Conflict(f"A team has at most {MOST_HELPERS} people. Remove somebody first.", code="TEAM_FULL")


def held_invitation(found: RoleInvitationQuerySet) -> RoleInvitation:
    """The invitation as it is once its channel is held."""
    invitation = found.with_names().first()
    if invitation is None:
        raise NotFound("There is no such invitation.", code="INVITATION_NOT_FOUND")
    channel = Channel.objects.hold(invitation.channel_id)
    invitation.refresh_from_db(fields=["state"])
    invitation.channel = channel
    return invitation


def _close(invitation: RoleInvitation, state: RoleInvitation.State) -> None:
    if invitation.state != RoleInvitation.State.OPEN:
        raise Conflict(
            f"This invitation was {invitation.get_state_display().lower()} already.",
            code="INVITATION_CLOSED",
        )
    invitation.state, invitation.answered_at = state, timezone.now()
    invitation.save(update_fields=["state", "answered_at"])


def _helper(channel: Channel, user: User) -> ChannelRole:
    held = channel.roles.filter(user=user).first()
    if held is None:
        raise NotFound("This person has no role in this channel.", code="NO_ROLE")
    return held


def _end(actor: Actor, action: str, held: ChannelRole) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=held,
        channel_id=held.channel_id,
        user_id=str(held.user_id),
        role=held.role,
    )
    publish(RoleChanged(held.channel_id, held.user_id))
    held.delete()


def _record(actor: Actor, action: str, invitation: RoleInvitation, **details: str | None) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=invitation,
        channel_id=invitation.channel_id,
        user_id=str(invitation.user_id),
        role=invitation.role,
        **details,
    )
