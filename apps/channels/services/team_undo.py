"""How changes of a team are undone; `aethex/wiring.py` teaches it to moderation.

What a person decided themselves, to accept, to decline or to leave, nobody undoes for them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.utils import timezone

from apps.accounts.models import Actor, Block, User
from apps.channels import policies
from apps.channels.facts import RoleChanged
from apps.channels.models import Channel, ChannelRole, RoleInvitation
from apps.channels.roles import Role, power_to_give
from apps.core.errors import Conflict, DomainError
from apps.core.events import publish
from apps.core.models import AuditEntry

from . import team

State = RoleInvitation.State


def undo_sent(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `invitation.sent`: withdrawn while it waits; accepted, the role that came of it ends, and
    the one that it replaced is there again."""
    invitation = _held(entry)
    policies.require(actor, power_to_give(Role(invitation.role)), invitation.channel)
    if invitation.state == State.ACCEPTED:
        _take_back(actor, invitation)
    elif invitation.state != State.OPEN:
        raise _no_longer("The invitation was declined or withdrawn.")
    invitation.state, invitation.answered_at = State.WITHDRAWN, timezone.now()
    invitation.save(update_fields=["state", "answered_at"])


def undo_withdrawn(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `invitation.withdrawn`: it waits for its answer again."""
    invitation = _held(entry)
    role = Role(invitation.role)
    policies.require(actor, power_to_give(role), invitation.channel)
    if invitation.state != State.WITHDRAWN:
        raise _no_longer("The invitation has changed since.")
    _require_free(actor, invitation.channel, invitation.user, role)
    invitation.state, invitation.answered_at = State.OPEN, None
    invitation.save(update_fields=["state", "answered_at"])


def undo_removed(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `role.removed`: the person, who had agreed to it, has the role again, unless they declined
    one or left since."""
    channel = Channel.objects.hold(entry.channel_id) if entry.channel_id else None
    person = User.objects.filter(pk=entry.details["user_id"], is_active=True).first()
    if channel is None or person is None:
        raise _no_longer("This account is gone.")
    role = Role(entry.details["role"])
    policies.require(actor, power_to_give(role), channel)
    if policies.role_of(person, channel) is not None:
        raise _no_longer(f"{person.name} has a role again.")
    since = AuditEntry.objects.filter(channel_id=channel.pk, actor_id=person.pk, pk__gt=entry.pk)
    if since.filter(action__in=["role.left", "invitation.declined"]).exists():
        raise _no_longer(f"{person.name} did not want to help any more.")
    if Block.objects.stands(by=channel.owner_id, on=person.pk) or Block.objects.stands(
        by=person.pk, on=channel.owner_id
    ):
        raise _no_longer(f"{person.name} and the channel's owner have parted.")
    if channel.roles.count() + channel.role_invitations.open().count() >= team.MOST_HELPERS:
        raise _no_longer("The team is full.")
    ChannelRole.objects.create(channel=channel, user=person, role=role)
    publish(RoleChanged(channel.pk, person.pk))


INVERSES: dict[str, Callable[[Actor, AuditEntry], None]] = {
    "invitation.sent": undo_sent,
    "invitation.withdrawn": undo_withdrawn,
    "role.removed": undo_removed,
}


def _take_back(actor: Actor, invitation: RoleInvitation) -> None:
    channel, person = invitation.channel, invitation.user
    held = channel.roles.filter(user=person).first()
    accepted = channel.role_invitations.filter(user=person, state=State.ACCEPTED)
    if held is None or accepted.order_by("-answered_at").first() != invitation:
        raise _no_longer(f"{person.name} does not have the role by this invitation any more.")
    said = AuditEntry.objects.get(action="invitation.accepted", subject_id=str(invitation.pk))
    if (before := said.details["before"]) is None:
        held.delete()
    else:
        policies.require(actor, power_to_give(Role(before)), channel)
        held.role = before
        held.save(update_fields=["role"])
    publish(RoleChanged(channel.pk, person.pk))


def _held(entry: AuditEntry) -> RoleInvitation:
    found = RoleInvitation.objects.filter(pk=uuid.UUID(entry.subject_id))
    try:
        return team.held_invitation(found)
    except DomainError:
        raise _no_longer("The invitation is gone.") from None


def _require_free(actor: Actor, channel: Channel, person: User, role: Role) -> None:
    try:
        team.require_free(actor, channel, person, role)
    except DomainError as refusal:
        raise _no_longer(refusal.message) from None


def _no_longer(why: str) -> Conflict:
    return Conflict(f"This can't be undone any more. {why}", code="NO_LONGER_APPLIES")
