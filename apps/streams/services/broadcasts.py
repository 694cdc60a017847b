"""A broadcast from "go live" to its end, as its creator drives it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from apps.channels import policies
from apps.channels.facts import ChannelSuspended
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.services import category_named, checked_tags
from apps.core import audit
from apps.core.errors import Conflict, NotAllowed, NotFound
from apps.core.events import publish
from apps.core.text import clean
from apps.streams.facts import BroadcastEdited, BroadcastEnded, BroadcastOpened, BroadcastWithdrawn
from apps.streams.models import Broadcast, Status, grace

from .showing import give_back_targets, take_off
from .takeover import let_in, send_away

if TYPE_CHECKING:
    from apps.accounts.models import Actor

TITLE_LENGTH = 140


def open_broadcast(
    *,
    actor: Actor,
    channel: Channel,
    title: str,
    description: str = "",
    category: str | None = None,
    tags: Iterable[str] | None = None,
) -> Broadcast:
    """Announce a broadcast that starts with the encoder's first picture.

    Category and tags default to the channel's. Doing it again before the start changes what was announced;
    while live it is a Conflict ALREADY_LIVE.
    """
    wanted = {
        "title": clean(title, field="title", most=TITLE_LENGTH, least=1),
        "description": clean(description, field="description", most=2000, lines=True),
        "category": channel.category if category is None else category_named(category),
        "tags": list(channel.tags) if tags is None else checked_tags(tags),
        "language": channel.language,
    }

    def fill(broadcast: Broadcast) -> None:
        take_off(broadcast)
        for field, value in wanted.items():
            setattr(broadcast, field, value)
        Channel.objects.filter(pk=channel.pk).update(next_title=broadcast.title)

    return announce_next(actor=actor, channel=channel, fill=fill)


def announce_next(*, actor: Actor, channel: Channel, fill: Callable[[Broadcast], None]) -> Broadcast:
    """Announce a broadcast that is as `fill` makes it; raises as `open_broadcast` does."""
    policies.require(actor, Power.GO_LIVE, channel)
    with transaction.atomic():
        if Channel.objects.select_for_update().get(pk=channel.pk).suspended_at is not None:
            raise NotAllowed("This channel is suspended and can't go live.", code="CHANNEL_SUSPENDED")
        broadcast = _open_one(channel)
        if broadcast is not None and broadcast.is_live:
            raise Conflict("This channel is live already. Edit or end that broadcast.", code="ALREADY_LIVE")
        broadcast = broadcast or Broadcast(channel=channel)
        fill(broadcast)
        broadcast.save()
        let_in(channel)
        audit.record(actor=actor, action="broadcast.opened", subject=broadcast, channel_id=channel.pk)
        publish(BroadcastOpened(broadcast.pk, channel.pk))
    return broadcast


def broadcast_of(channel: Channel) -> Broadcast:
    """The channel's open broadcast, locked, or a new one with its last title.

    The caller holds the channel's row, so there is one answer for everybody. This is how an encoder goes live
    that publishes without a click.
    """
    found = _open_one(channel)
    if found is not None:
        return found
    broadcast = Broadcast.objects.create(
        channel=channel,
        title=channel.next_title or f"{channel.name} is live"[:TITLE_LENGTH],
        category=channel.category,
        tags=channel.tags,
        language=channel.language,
    )
    publish(BroadcastOpened(broadcast.pk, channel.pk))
    return broadcast


def edit_broadcast(*, actor: Actor, broadcast: Broadcast, **changes: Any) -> Broadcast:
    """Change any of title, description, category (slug), tags; every open page follows."""
    policies.require(actor, Power.EDIT_BROADCAST, broadcast.channel)
    checks = {
        "title": lambda value: clean(value, field="title", most=TITLE_LENGTH, least=1),
        "description": lambda value: clean(value, field="description", most=2000, lines=True),
        "category": category_named,
        "tags": checked_tags,
    }
    checked = {field: checks[field](value) for field, value in changes.items()}
    with transaction.atomic():
        broadcast = _held(broadcast)
        for field, value in checked.items():
            setattr(broadcast, field, value)
        broadcast.save(update_fields=list(checked) or None)
        # A show names its own broadcasts; what comes without one is called as before.
        if "title" in checked and broadcast.status != Status.ARCHIVED and broadcast.show_id is None:
            Channel.objects.filter(pk=broadcast.channel_id).update(next_title=broadcast.title)
        audit.record(
            actor=actor,
            action="broadcast.edited",
            subject=broadcast,
            channel_id=broadcast.channel_id,
            fields=sorted(checked),
        )
        publish(BroadcastEdited(broadcast.pk, broadcast.channel_id))
    return broadcast


def end_broadcast(*, actor: Actor, broadcast: Broadcast) -> Broadcast:
    """End it now and cut its encoders, which come back when they have been quiet for half a minute or when
    the next broadcast is announced, as do those that are away; ending what has ended changes nothing."""
    policies.require(actor, Power.END_BROADCAST, broadcast.channel)
    with transaction.atomic():
        broadcast = _held(broadcast)
        if broadcast.status == Status.ARCHIVED:
            return broadcast
        _cut(broadcast)
        audit.record(
            actor=actor, action="broadcast.ended", subject=broadcast, channel_id=broadcast.channel_id
        )
    return broadcast


def cut_suspended(fact: ChannelSuspended) -> None:
    """Along with a suspension, whose verb holds the channel's row: what is open there ends."""
    broadcast = _open_one(Channel.objects.get(pk=fact.channel_id))
    if broadcast is not None:
        _cut(broadcast)


def _cut(broadcast: Broadcast) -> None:
    if broadcast.is_live or broadcast.publisher_session or broadcast.standby_session:
        send_away(broadcast)
    archive(broadcast)


def locked(pk: uuid.UUID) -> Broadcast | None:
    """The broadcast, held with its channel's row until the transaction ends; None when it is gone.

    Whoever needs both rows takes the channel's first: in two orders, two of them would wait for each other.
    """
    its_channel = Broadcast.objects.filter(pk=pk).values("channel")
    Channel.objects.select_for_update().filter(pk__in=its_channel).first()
    return Broadcast.objects.select_for_update(of=("self",)).with_channel().filter(pk=pk).first()


def _held(broadcast: Broadcast) -> Broadcast:
    found = locked(broadcast.pk)
    if found is None:
        raise NotFound("There is no such stream.", code="STREAM_NOT_FOUND")
    return found


def _open_one(channel: Channel) -> Broadcast | None:
    """The channel's open broadcast, locked. The caller holds the channel's row."""
    return Broadcast.objects.select_for_update().open().filter(channel=channel).first()


def archive_if_over(broadcast: Broadcast) -> bool:
    """Archive a locked broadcast whose encoder came back too late, even if no sweeper ran in between."""
    gone_at = left_at(broadcast)
    if gone_at is None or gone_at + grace() > timezone.now():
        return False
    archive(broadcast, ended_at=gone_at)
    return True


def left_at(broadcast: Broadcast) -> datetime | None:
    """When the encoder of a broadcast on air was last heard of; None while it is waiting or over."""
    if broadcast.status == Status.ENDING and broadcast.ends_at is not None:
        return broadcast.ends_at - grace()
    # A hosted one tells when its encoder leaves, and of no media before.
    return broadcast.media_at if broadcast.status == Status.LIVE and not broadcast.provider else None


def archive(broadcast: Broadcast, *, ended_at: datetime | None = None) -> None:
    """Bring a locked broadcast to its end, whatever its state; the node learns it with its next report."""
    if broadcast.status == Status.LIVE:
        broadcast.advance(Status.ENDING)
    broadcast.advance(Status.ARCHIVED)
    broadcast.archived_at = timezone.now()
    broadcast.ended_at = ended_at or broadcast.archived_at
    broadcast.ends_at = None
    broadcast.publisher_session = broadcast.standby_session = ""
    broadcast.viewer_count = 0
    aired = broadcast.started_at is not None
    if aired:
        give_back_targets(broadcast)
    else:
        take_off(broadcast)
    broadcast.save()
    Channel.objects.filter(pk=broadcast.channel_id).update(is_live=False)
    fact = BroadcastEnded if aired else BroadcastWithdrawn
    publish(fact(broadcast.pk, broadcast.channel_id))
