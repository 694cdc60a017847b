"""The verbs of raids: begin, cancel, go; and who may send one here."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.selectors import find_channel
from apps.chat import services as chat
from apps.core import audit, presence
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, TooMany
from apps.core.events import publish
from apps.core.ratelimit import Limit
from apps.streams.models import Broadcast

from .consent import check_raid
from .facts import RaidBegun, RaidCancelled, RaidGone
from .models import Raid, RaidBlock, RaidSettings

if TYPE_CHECKING:
    from apps.accounts.models import Actor

log = logging.getLogger(__name__)

SECONDS_LEAST, SECONDS_MOST = 10, 90
BLOCKS_MOST = 500
# Whose time came while nothing ran: after so long nobody waits for it any more.
LATE = timedelta(minutes=2)
# A countdown in the room, cancelled and begun again and again, would be a way to shout.
LIMIT = Limit("raids", "10/600")


def begin_raid(*, actor: Actor, channel: Channel, target: str, seconds: int = SECONDS_LEAST) -> Raid:
    """Count down to taking the channel's viewers to the channel with this address or id.

    Raises what `check_raid` does; Conflict NOT_LIVE, RAID_UNDER_WAY; Invalid for other than 10 to 90 seconds.
    """
    policies.require(actor, Power.RAID, channel)
    assert actor.is_authenticated
    if type(seconds) is not int or not SECONDS_LEAST <= seconds <= SECONDS_MOST:
        raise Invalid.field("seconds", f"Count down from {SECONDS_LEAST} to {SECONDS_MOST} seconds.")
    if channel.suspended_at is not None:
        raise NotAllowed("This channel is suspended.", code="CHANNEL_SUSPENDED")
    if not Broadcast.objects.on_air().filter(channel=channel).exists():
        raise Conflict("Raid while you are live: your viewers are who goes.", code="NOT_LIVE")
    found = _target(actor, target)
    check_raid(source=channel, target=found, raiders={actor.pk, channel.owner_id})
    if wait := LIMIT.take(channel.pk.hex):
        raise TooMany("Too many raids. Try again in a while.", code="RATE_LIMITED", retry_after=wait)
    raid = Raid(
        source=channel,
        target=found,
        begun_by_id=actor.pk,
        due_at=timezone.now() + timedelta(seconds=seconds),
    )
    try:
        with transaction.atomic():
            raid.save()
            _record(actor, "raid.begun", raid, channel, content=f"To {found.name}")
            publish(RaidBegun(raid.pk))
    except IntegrityError:
        # One countdown a channel: the constraint decides between two who begin at once.
        raise Conflict("A raid is counting down already. Cancel it first.", code="RAID_UNDER_WAY") from None
    return raid


def cancel_raid(*, actor: Actor, channel: Channel) -> Raid:
    """Call the countdown off; NotFound NO_RAID when none runs, such as one that has just gone."""
    policies.require(actor, Power.RAID, channel)
    with transaction.atomic():
        raid = _held(source=channel)
        if raid is None:
            raise no_raid()
        _settle(raid, Raid.State.CANCELLED)
        _record(actor, "raid.cancelled", raid, channel, content=f"To {raid.target.name}")
        publish(RaidCancelled(raid.pk))
    return raid


def go_now(*, actor: Actor, channel: Channel) -> Raid:
    """Go without waiting for the end of the countdown. Raises as `cancel_raid` does, and what `check_raid`
    does, when the other channel can't be raided any more."""
    policies.require(actor, Power.RAID, channel)
    raid = Raid.objects.counting().filter(source=channel).first()
    if raid is None or (gone := _go(raid.pk, channel.pk)) is None:
        raise no_raid()
    if gone.state == Raid.State.FAILED:
        raise Conflict(f"{gone.target.name} can't be raided any more.", code="RAID_FAILED")
    return gone


def send_due_raids() -> int:
    """Let those go whose countdown is over; how many. Safe in any number of processes at once: who holds the
    row decides, the others find it settled."""
    count = 0
    due = Raid.objects.counting().filter(due_at__lte=timezone.now())
    for pk, source_id in due.values_list("pk", "source_id"):
        try:
            count += _go(pk, source_id) is not None
        except DomainError as refusal:
            # One room that can't be written to at the moment holds up no other raid; its turn comes again.
            log.warning("raid %s waits: %s", pk, refusal.message)
    return count


def raid_of(channel: Channel) -> Raid | None:
    """The raid that the channel's viewers are about to go on; everybody may know."""
    # Nearly always there is none, and every page asks: names are a question of their own.
    raid = Raid.objects.counting().filter(source=channel).first()
    return Raid.objects.with_names().filter(pk=raid.pk).first() if raid else None


def find_raid(*, viewer: Actor, raid_id: uuid.UUID) -> Raid:
    """The raid with this id, between channels that the viewer may open."""
    reachable = Channel.objects.reachable_by(viewer)
    found = Raid.objects.with_names().filter(pk=raid_id, source__in=reachable, target__in=reachable).first()
    if found is None:
        raise NotFound("There is no such raid.", code="RAID_NOT_FOUND")
    return found


def accepts_of(channel: Channel) -> str:
    """Whose raids the channel takes: a value of `RaidSettings.Accepts`."""
    settings = RaidSettings.objects.filter(channel=channel).first()
    return settings.accepts if settings else RaidSettings.Accepts.ANYONE


def choose_raiders(*, actor: Actor, channel: Channel, accepts: str) -> str:
    """Say whose raids the channel takes: anyone's, of those it knows, or nobody's."""
    policies.require(actor, Power.EDIT_CHANNEL, channel)
    if accepts not in RaidSettings.Accepts.values:
        raise Invalid.field("accepts", f"Choose one of {', '.join(RaidSettings.Accepts.values)}.")
    with transaction.atomic():
        RaidSettings.objects.update_or_create(channel=channel, defaults={"accepts": accepts})
        audit.record(
            actor=actor, action="raids.chosen", subject=channel, channel_id=channel.pk, accepts=accepts
        )
    return accepts


def block_raids(*, actor: Actor, channel: Channel, blocked: str) -> RaidBlock:
    """Take no raid of the channel with this address or id; doing so twice is once."""
    policies.require(actor, Power.EDIT_CHANNEL, channel)
    found = _target(actor, blocked, field="blocked")
    if found.pk == channel.pk:
        raise Invalid.field("blocked", "A channel can't raid itself.", code="OWN_CHANNEL")
    with transaction.atomic():
        Channel.objects.hold(channel.pk)
        if channel.raid_blocks.exclude(blocked=found).count() >= BLOCKS_MOST:
            raise Conflict(f"At most {BLOCKS_MOST} channels can be blocked.", code="TOO_MANY_BLOCKS")
        block, is_new = RaidBlock.objects.get_or_create(channel=channel, blocked=found)
        if is_new:
            audit.record(actor=actor, action="raids.blocked", subject=found, channel_id=channel.pk)
    return block


def unblock_raids(*, actor: Actor, channel: Channel, blocked_id: uuid.UUID) -> None:
    """Take raids of that channel again, as the settings say; twice is once."""
    policies.require(actor, Power.EDIT_CHANNEL, channel)
    with transaction.atomic():
        block = channel.raid_blocks.select_related("blocked").filter(blocked=blocked_id).first()
        if block is not None:
            audit.record(actor=actor, action="raids.unblocked", subject=block.blocked, channel_id=channel.pk)
            block.delete()


def no_raid() -> NotFound:
    return NotFound("No raid is counting down.", code="NO_RAID")


def _go(raid_id: uuid.UUID, source_id: uuid.UUID) -> Raid | None:
    """Send the viewers on, once, or settle as failed what is not to be; None when it was settled before."""
    # Asked before the rows are held: nobody waits for Redis.
    viewers = presence.count_proven(source_id) or presence.count(source_id)
    with transaction.atomic():
        raid = _held(pk=raid_id)
        if raid is None:
            return None
        raiders = {raid.source.owner_id, *([raid.begun_by_id] if raid.begun_by_id else [])}
        if raid.due_at < timezone.now() - LATE or not _may(raid, raiders):
            _settle(raid, Raid.State.FAILED)
            publish(RaidCancelled(raid.pk))
            return raid
        raid.viewers = viewers
        _settle(raid, Raid.State.GONE)
        counted = f"{viewers} viewer{'' if viewers == 1 else 's'}"
        chat.tell_raid(
            channel=raid.target,
            raider=raid.source.owner_id,
            content=f"{raid.source.name} raids with {counted}.",
            nonce=f"raid-{raid.pk.hex}",
        )
        _record(raid.begun_by, "raid.gone", raid, raid.source, content=f"To {raid.target.name}, {counted}")
        _record(
            raid.begun_by, "raid.received", raid, raid.target, content=f"From {raid.source.name}, {counted}"
        )
        publish(RaidGone(raid.pk))
    return raid


def _may(raid: Raid, raiders: set[uuid.UUID]) -> bool:
    try:
        check_raid(source=raid.source, target=raid.target, raiders=raiders)
    except DomainError:
        return False
    return True


def _held(**which: Any) -> Raid | None:
    """The raid that counts down, held until the transaction ends."""
    held = Raid.objects.select_for_update(of=("self",)).with_names().counting()
    return held.filter(**which).first()


def _settle(raid: Raid, state: str) -> None:
    raid.state, raid.settled_at = state, timezone.now()
    raid.save(update_fields=["state", "settled_at", "viewers"])


def _target(actor: Actor, named: str, *, field: str = "target") -> Channel:
    """The channel that is meant; Invalid, which names the field, when there is none."""
    try:
        return find_channel(viewer=actor, slug_or_id=named.strip().removeprefix("@"))
    except NotFound:
        raise Invalid.field(field, "There is no channel with this address.") from None


def _record(actor: Any, action: str, raid: Raid, channel: Channel, **details: Any) -> None:
    audit.record(actor=actor, action=action, subject=raid, channel_id=channel.pk, **details)
