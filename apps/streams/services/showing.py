"""What a show sets when a broadcast is one of it, and what is given back at its end. The caller holds the
channel's row, and saves the broadcast."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from apps.accounts.middleware import zone_named
from apps.channels.models import Channel
from apps.core import audit
from apps.streams.models import Broadcast, Show, SimulcastTarget


def put_on(broadcast: Broadcast, show: Show) -> None:
    """Make a broadcast that was not on air yet one of this show, as the show is now. A broadcast keeps the
    number that it has in its show."""
    is_new = broadcast.show_id != show.pk or broadcast.show_number is None
    if is_new:
        take_off(broadcast)
        Show.objects.filter(pk=show.pk).update(next_number=show.next_number + 1)
    else:
        give_back_targets(broadcast)
    number = show.next_number if is_new else broadcast.show_number
    assert number is not None
    broadcast.show, broadcast.show_number = show, number
    broadcast.title = show.title(number, day_of(show.channel))[:140]
    broadcast.description = show.description
    broadcast.category, broadcast.tags = show.category, list(show.tags)
    broadcast.language = show.channel.language
    if show.sets_targets:
        broadcast.targets_before = _switch(show)
    if is_new:
        begun = {"show": show.name, "number": number}
        audit.record(actor=None, action="show.begun", subject=broadcast, channel_id=show.channel_id, **begun)


def take_off(broadcast: Broadcast) -> None:
    """Let a broadcast that was never on air be of no show: its number goes to the next one."""
    give_back_targets(broadcast)
    if broadcast.show_id is None or broadcast.show_number is None:
        return
    number = broadcast.show_number
    Show.objects.filter(pk=broadcast.show_id, next_number=number + 1).update(next_number=number)
    broadcast.show = broadcast.show_number = None


def give_back_targets(broadcast: Broadcast) -> None:
    """Let the channel's targets be on or off as they were before the show."""
    before, broadcast.targets_before = broadcast.targets_before, {}
    if before:
        for target in SimulcastTarget.objects.select_for_update().filter(channel=broadcast.channel_id):
            _set(target, on=before.get(target.pk.hex, target.is_on))


def day_of(channel: Channel) -> date:
    """Today, where the channel's owner is."""
    return timezone.localdate(timezone=zone_named(channel.owner.time_zone))


def _switch(show: Show) -> dict[str, bool]:
    """Switch the channel's targets as the show wants it; returns how those were that it changed."""
    wanted = set(show.targets.values_list("pk", flat=True))
    before = {}
    for target in SimulcastTarget.objects.select_for_update().filter(channel=show.channel_id):
        if target.is_on != (target.pk in wanted):
            before[target.pk.hex] = target.is_on
            _set(target, on=target.pk in wanted)
    return before


def _set(target: SimulcastTarget, *, on: bool) -> None:
    if target.is_on != on:
        target.is_on = on
        target.revision += 1
        target.save(update_fields=["is_on", "revision"])
