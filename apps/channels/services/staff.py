"""What staff do to channels: suspend them and lift it, give and take the check mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from apps.accounts.facts import AccountOpened, AccountShut
from apps.accounts.letters import write_to
from apps.accounts.models import REASON_MOST, User
from apps.accounts.policies import require_staff
from apps.channels.facts import ChannelSuspended
from apps.channels.models import Channel
from apps.core import audit
from apps.core.errors import Conflict
from apps.core.events import publish
from apps.core.text import clean

if TYPE_CHECKING:
    from apps.accounts.models import Actor

SUSPEND, VERIFY = "live_channels.suspend_channel", "live_channels.verify_channel"
WITH_OWNER = "Its owner's account is closed."


def suspend_channel(*, actor: Actor, channel: Channel, reason: str) -> Channel:
    """Take the channel from everybody but its owner and staff: it is in no list, can't go live, and what runs
    there ends. The owner is told by letter and on the dashboard. Again changes the reason.

    Raises SignInNeeded, NotAllowed, or Invalid that names the field.
    """
    staff = require_staff(actor, SUSPEND)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    with transaction.atomic():
        channel = Channel.objects.hold(channel.pk)
        _suspend(channel, reason, with_owner=False)
        audit.record(
            actor=staff, action="channel.suspended", subject=channel, channel_id=channel.pk, reason=reason
        )
        publish(ChannelSuspended(channel.pk, staff.pk))
        write_to(channel.owner, "channel_suspended", channel=channel)
    return channel


def reinstate_channel(*, actor: Actor, channel: Channel, reason: str) -> Channel:
    """Lift the suspension; the owner is told by letter. While the owner's account is shut the channel stays
    away with it.

    Raises Conflict: NOT_SUSPENDED, or OWNER_IS_SHUT when nothing but that keeps it away.
    """
    staff = require_staff(actor, SUSPEND)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    with transaction.atomic():
        # Whoever needs both rows takes the owner's first, as the suspension of a person does.
        owner = User.objects.select_for_update(no_key=True).get(pk=channel.owner_id)
        channel = Channel.objects.hold(channel.pk)
        if channel.suspended_at is None:
            raise Conflict(f"{channel.name} is not suspended.", code="NOT_SUSPENDED")
        if channel.suspended_with_owner:
            raise Conflict(
                f"The account of {channel.name}'s owner is shut. The channel returns with it.",
                code="OWNER_IS_SHUT",
            )
        if owner.is_active:
            _reinstate(channel)
        else:
            _suspend(channel, WITH_OWNER, with_owner=True)
        audit.record(
            actor=staff, action="channel.reinstated", subject=channel, channel_id=channel.pk, reason=reason
        )
        write_to(channel.owner, "channel_reinstated", channel=channel)
    return channel


def verify_channel(*, actor: Actor, channel: Channel, is_verified: bool, reason: str) -> Channel:
    """Give the check mark, or take it; giving it twice changes nothing."""
    staff = require_staff(actor, VERIFY)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    with transaction.atomic():
        channel = Channel.objects.hold(channel.pk)
        if channel.is_verified != is_verified:
            channel.is_verified = is_verified
            channel.save(update_fields=["is_verified"])
            action = "channel.verified" if is_verified else "channel.unverified"
            audit.record(actor=staff, action=action, subject=channel, channel_id=channel.pk, reason=reason)
    return channel


def suspend_with_owner(fact: AccountShut) -> None:
    """Along with the account: what its person owns goes with it."""
    standing = Channel.objects.standing().filter(owner=fact.user_id)
    for channel_id in standing.values_list("pk", flat=True):
        _suspend(Channel.objects.hold(channel_id), WITH_OWNER, with_owner=True)
        publish(ChannelSuspended(channel_id, None))


def reinstate_with_owner(fact: AccountOpened) -> None:
    """Along with the account: what went with it returns, but for what staff have suspended by itself."""
    away = Channel.objects.filter(owner=fact.user_id, suspended_with_owner=True)
    for channel_id in away.values_list("pk", flat=True):
        _reinstate(Channel.objects.hold(channel_id))


def _suspend(channel: Channel, reason: str, *, with_owner: bool) -> None:
    channel.suspended_at, channel.suspension_reason = timezone.now(), reason
    channel.suspended_with_owner = with_owner
    channel.save(update_fields=["suspended_at", "suspension_reason", "suspended_with_owner"])


def _reinstate(channel: Channel) -> None:
    channel.suspended_at, channel.suspension_reason, channel.suspended_with_owner = None, "", False
    channel.save(update_fields=["suspended_at", "suspension_reason", "suspended_with_owner"])
