"""A believable crowd for a site that is to be looked at or measured: people, channels, what is on air.

Everything but the dates follows from one number: the same seed makes the same site, as of now.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from django.db import connection, transaction
from django.utils import timezone

from apps.channels.models import Channel, ChannelRole, ChannelTag, Follow, ScheduledBroadcast
from apps.notifications.models import Mailing
from apps.streams.models import Broadcast
from apps.vod.models import Recording

from . import broadcasts, channels, people, talk
from .tables import fill


@dataclass(frozen=True)
class Size:
    """How many there are to be; follows, past broadcasts and messages come in proportion."""

    people: int
    channels: int
    live: int

    def __post_init__(self) -> None:
        if not 0 < self.channels <= self.people or not 0 <= self.live <= self.channels:
            raise ValueError("There are at most as many channels as people, and as many live as channels.")


def gather(size: Size, *, seed: int = 0) -> None:
    """Fill the database, all or nothing; IntegrityError when this seed is in it already."""
    dice = Random(seed)  # noqa: S311  nothing secret comes from it
    now = timezone.now()
    with transaction.atomic():
        crowd = people.join(size.people, now, dice, seed)
        founded = channels.found(size.channels, crowd, dice, seed)
        fans = channels.fans(crowd, founded, dice)
        on_air = broadcasts.on_air(founded, size.live, now, dice)
        fill(Channel, founded)
        fill(ChannelTag, channels.tags(founded))
        fill(Follow, fans)
        fill(ChannelRole, channels.helpers(founded, crowd, dice))
        fill(ScheduledBroadcast, channels.plans(founded, now, dice))
        over = broadcasts.past(founded, now, dice)
        fill(Broadcast, [*over, *on_air])
        fill(Recording, broadcasts.recordings(over))
        fill(Mailing, broadcasts.mailings(on_air))
        talk.talk(founded, on_air, crowd, now, dice)
    rest()


def rest() -> None:
    """Do at once what a database does by itself minutes after so many rows came, while somebody looks."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and not connection.in_atomic_block:
            cursor.execute("VACUUM")
        # Without fresh statistics a database guesses, and reads whole tables.
        cursor.execute("ANALYZE")
