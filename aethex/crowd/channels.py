"""Channels of the crowd, who helps there and who follows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import accumulate
from random import Random

from apps.accounts.models import User
from apps.channels.models import Category, Channel, ChannelRole, ChannelTag, Follow, ScheduledBroadcast
from apps.channels.roles import Role

from .tables import id_of
from .words import ABOUT, FIRST, LANGUAGES, SECOND, TAGS, TITLES, ZONES

FOLLOWS_EACH = 5
MOST_HELPERS = 3


def found(count: int, people: list[User], dice: Random, seed: int) -> list[Channel]:
    """`count` channels of as many people; a few are unlisted, mature or verified."""
    categories = list(Category.objects.all())
    owners = sorted(dice.sample(people, count), key=lambda person: person.date_joined)
    return [_channel(number, owner, categories, dice, seed) for number, owner in enumerate(owners)]


def fans(people: list[User], founded: list[Channel], dice: Random) -> list[Follow]:
    """Who follows what, counted on the channels: a few have most of the followers, most have a few."""
    fame = list(accumulate(1 / (rank + 3) for rank in range(len(founded))))
    by_fame = dice.sample(founded, len(founded))
    made: list[Follow] = []
    for person in people:
        wished = dice.choices(by_fame, cum_weights=fame, k=dice.randint(0, 2 * FOLLOWS_EACH))
        liked = {channel.pk: channel for channel in wished if channel.owner_id != person.pk}
        made += [_follow(person, channel, dice) for channel in liked.values()]
    counts = Counter(follow.channel_id for follow in made)
    for channel in founded:
        channel.follower_count = counts[channel.pk]
    return made


def helpers(founded: list[Channel], people: list[User], dice: Random) -> list[ChannelRole]:
    """Up to three helpers of each channel."""
    made: list[ChannelRole] = []
    for channel in founded:
        for helper in dice.sample(people, min(dice.randint(0, MOST_HELPERS), len(people))):
            if helper.pk != channel.owner_id:
                role = dice.choice([Role.EDITOR, Role.MODERATOR, Role.VIP])
                made.append(
                    ChannelRole(channel=channel, user=helper, role=role, created_at=channel.created_at)
                )
    return made


def tags(founded: list[Channel]) -> Iterator[ChannelTag]:
    """The tags of channels as rows."""
    for channel in founded:
        for name in channel.tags:
            yield ChannelTag(channel=channel, name=name)


def plans(founded: list[Channel], now: datetime, dice: Random) -> list[ScheduledBroadcast]:
    """What every third channel or so plans for one or two days of every week."""
    made = []
    for channel in founded:
        for _ in range(dice.choice((0, 0, 0, 0, 1, 2))):
            plan = ScheduledBroadcast(
                id=id_of(channel.created_at, dice),
                channel=channel,
                title=channel.next_title,
                category=channel.category,
                repeats=ScheduledBroadcast.Repeats.WEEKLY,
                first_on=(now - timedelta(days=dice.randint(0, 6))).date(),
                start_time=time(dice.randint(6, 22), 30),
                time_zone=dice.choice(ZONES),
                duration_minutes=60 * dice.randint(1, 4),
                created_at=channel.created_at,
                changed_at=channel.created_at,
            )
            coming = plan.next_occurrence(now)
            plan.next_at = coming.starts_at if coming else None
            made.append(plan)
    return made


def _channel(number: int, owner: User, categories: list[Category], dice: Random, seed: int) -> Channel:
    name = f"{dice.choice(FIRST)} {dice.choice(SECOND)} {number}".capitalize() + (f" {seed}" if seed else "")
    opened = owner.date_joined + timedelta(hours=1)
    return Channel(
        id=id_of(opened, dice),
        owner=owner,
        name=name,
        name_key=name.casefold(),
        slug=name.lower().replace(" ", "-"),
        description=dice.choice(ABOUT),
        category=dice.choice(categories),
        tags=dice.sample(TAGS, dice.randint(0, 5)),
        language=dice.choice(LANGUAGES),
        visibility=Channel.Visibility.UNLISTED if dice.random() < 0.03 else Channel.Visibility.PUBLIC,
        is_mature=dice.random() < 0.04,
        is_verified=dice.random() < 0.02,
        next_title=dice.choice(TITLES).format(number % 90),
        created_at=opened,
    )


def _follow(person: User, channel: Channel, dice: Random) -> Follow:
    since: datetime = max(person.date_joined, channel.created_at)
    return Follow(id=id_of(since, dice), channel=channel, user=person, created_at=since)
