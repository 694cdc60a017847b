"""What the crowd's channels have sent, and what of them is on air."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from apps.channels.models import Channel
from apps.notifications.models import Mailing
from apps.streams.models import Broadcast, Status
from apps.vod.models import Recording

from .tables import id_of
from .words import TITLES

PAST_MOST = 5
# No node reports them, and without a report (`media_at`) none is missed: no sweep ends them.
NODE = "crowd"


def past(channels: list[Channel], now: datetime, dice: Random) -> list[Broadcast]:
    """Up to five broadcasts of each channel that are over."""
    made = []
    for channel in channels:
        for _ in range(dice.randint(0, PAST_MOST)):
            broadcast = _broadcast(channel, now - timedelta(days=1 + dice.random() * 300), dice)
            _end(broadcast, dice)
            made.append(broadcast)
    return made


def on_air(channels: list[Channel], count: int, now: datetime, dice: Random) -> list[Broadcast]:
    """`count` broadcasts that run, the largest first; their channels are marked as live."""
    made = [
        _broadcast(channel, now - timedelta(hours=dice.random() * 8), dice)
        for channel in dice.sample(channels, count)
    ]
    for rank, broadcast in enumerate(made):
        viewers = int(20_000 / (rank + 1)) + dice.randint(0, 9)
        broadcast.status, broadcast.node = Status.LIVE, NODE
        broadcast.viewer_count = broadcast.peak_viewers = broadcast.unique_viewers = viewers
        # Their turns for a still are spread over a minute, as those of a site that has run for a while.
        broadcast.pictured_at = now - timedelta(seconds=dice.random() * 60)
        broadcast.channel.is_live = True
    return made


def recordings(over: list[Broadcast]) -> Iterator[Recording]:
    """What a worker would find out of each: nobody sent it, and nothing was recorded."""
    for broadcast in over:
        yield Recording(
            broadcast=broadcast,
            path=broadcast.pk.hex,
            status=Recording.Status.FAILED,
            created_at=broadcast.created_at,
        )


def mailings(on_air: list[Broadcast]) -> Iterator[Mailing]:
    """Of each that its followers know: no worker writes letters to them."""
    for broadcast in on_air:
        yield Mailing(
            channel=broadcast.channel,
            broadcast=broadcast,
            state=Mailing.State.WITHHELD,
            created_at=broadcast.created_at,
        )


def _broadcast(channel: Channel, began: datetime, dice: Random) -> Broadcast:
    return Broadcast(
        id=id_of(began, dice),
        channel=channel,
        title=dice.choice(TITLES).format(dice.randint(1, 90)),
        category=channel.category,
        tags=channel.tags,
        language=channel.language,
        created_at=began,
        started_at=began,
    )


def _end(broadcast: Broadcast, dice: Random) -> None:
    assert broadcast.started_at is not None
    broadcast.status = Status.ARCHIVED
    broadcast.ended_at = broadcast.started_at + timedelta(hours=0.5 + dice.random() * 5)
    broadcast.archived_at = broadcast.ended_at + timedelta(minutes=1)
    broadcast.peak_viewers = dice.randint(0, 300)
    broadcast.unique_viewers = 2 * broadcast.peak_viewers
