"""Who is followed, who is featured, who stands out: what home and the rail show besides the board."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import DurationField, ExpressionWrapper, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import Actor
from apps.channels.models import Channel, ChannelQuerySet, Follow
from apps.channels.selectors import next_occurrences
from apps.core.kept import Kept, KeptMany
from apps.streams.models import Broadcast

from .board import Board, OnAir
from .models import Banner, FeaturedChannel

MOST_FOLLOWED = 60
MOST_ON_THEIR_PAGE = 500
MOST_AWAY = 5
MOST_FEATURED, MOST_BANNERS = 6, 3
FEATURED_SECONDS = 10.0
# When a channel is back, which its followers read on every page.
BACK_SECONDS, MOST_BACK = 20.0, 5_000


class Away(NamedTuple):
    """A followed channel off air, when it plans to be back, and when it was last seen (None: unknown)."""

    channel: Channel
    back_at: datetime | None
    last_seen: datetime | None


class Followed(NamedTuple):
    """What somebody follows: broadcasts on air, the most watched first, and some channels that are away."""

    on_air: list[OnAir]
    away: list[Away]


def followed_by(
    user: Actor, now: Board, *, most: int = MOST_FOLLOWED, most_away: int = MOST_AWAY
) -> Followed:
    """One query for a person, and one for what those who are away plan, unless somebody has just asked that;
    none for who is not signed in.

    Of all that is followed, what is on air and what was followed last comes first, up to `most`.
    """
    if not user.is_authenticated:
        return Followed([], [])
    ended = Broadcast.objects.aired().filter(channel=OuterRef("channel")).order_by("-id")
    follows = (
        Follow.objects.filter(user=user)
        .filter(channel__visibility=Channel.Visibility.PUBLIC, channel__suspended_at__isnull=True)
        .select_related("channel")
        .annotate(last_seen=Subquery(ended.values("ended_at")[:1]))
        .order_by("-channel__is_live", "-id")[:most]
    )
    on_air: list[OnAir] = []
    away: list[Follow] = []
    for follow in follows:
        row = now.by_channel.get(follow.channel_id)
        if row is not None:
            on_air.append(row)
        elif len(away) < most_away:
            away.append(follow)
    on_air.sort(key=lambda row: (row.broadcast.viewer_count, row.broadcast.pk), reverse=True)
    back_at = _back_at.get([follow.channel_id for follow in away])
    return Followed(on_air, [_away(follow, back_at[follow.channel_id]) for follow in away])


def _away(follow: Follow, back_at: datetime | None) -> Away:
    last_seen: datetime | None = follow.last_seen  # type: ignore[attr-defined]  # annotated above
    return Away(follow.channel, back_at, last_seen)


def _read_back_at(channel_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime | None]:
    plans = next_occurrences(channel_ids, timezone.now())
    return {each: plans[each].starts_at if each in plans else None for each in channel_ids}


_back_at = KeptMany(_read_back_at, seconds=BACK_SECONDS, most=MOST_BACK)


class Placed(NamedTuple):
    """What staff put on home: channels by their order, banners."""

    channels: list[FeaturedChannel]
    banners: list[Banner]


def _read_placed(before: Placed | None) -> Placed:
    channels = FeaturedChannel.objects.current().filter(channel__in=Channel.objects.listed())
    return Placed(
        list(channels.select_related("channel")[:MOST_FEATURED]),
        list(Banner.objects.current()[:MOST_BANNERS]),
    )


_placed = Kept(_read_placed, seconds=FEATURED_SECONDS)


def placed() -> Placed:
    """What staff put on home, as of now or up to FEATURED_SECONDS ago."""
    return _placed.get()


def featured_on_air(now: Board, featured: list[FeaturedChannel]) -> list[OnAir]:
    """What is on air of featured channels, in the editors' order. Never a mature one."""
    picks = (now.by_channel.get(each.channel_id) for each in featured)
    return [row for row in picks if row is not None and not row.channel.is_mature]


def hero_of(now: Board, featured: list[FeaturedChannel]) -> OnAir | None:
    """What plays on home: the first featured channel on air, else the most watched. Never a mature one."""
    return next(iter(featured_on_air(now, featured) or now.open_to_all), None)


CREATORS_SECONDS = 300.0
MOST_CREATORS = 8
CANDIDATES = 100
CREATORS_SINCE = timedelta(days=28)
HALF_WEIGHT_HOURS = 4


def _open_to_all() -> ChannelQuerySet:
    return Channel.objects.listed().filter(is_mature=False)


def _choose_creators(before: list[uuid.UUID] | None) -> list[uuid.UUID]:
    now = timezone.now()
    most_followed = _open_to_all().order_by("-follower_count", "-id")[:CANDIDATES]
    followers = dict(most_followed.values_list("pk", "follower_count"))
    length = ExpressionWrapper(Coalesce("ended_at", Value(now)) - F("started_at"), DurationField())
    recent = Broadcast.objects.filter(channel__in=list(followers), started_at__gte=now - CREATORS_SINCE)
    sums = recent.order_by().values_list("channel").annotate(aired=Sum(length))
    weights = {pk: _weight(followers[pk], aired) for pk, aired in sums if aired}
    return sorted(weights, key=weights.__getitem__, reverse=True)[:MOST_CREATORS]


def _weight(followers: int, aired: timedelta) -> float:
    hours = max(0.0, aired.total_seconds()) / 3600
    return (followers + 1) * (1 - 0.5 ** (hours / HALF_WEIGHT_HOURS))


_creators = Kept(_choose_creators, seconds=CREATORS_SECONDS)


def top_creators() -> list[Channel]:
    """Channels that stand out, the first ones first.

    Of the hundred most followed channels, those that were on air in the last four weeks. Each weighs as many
    as follow it, times a share that grows with the hours on air: a half for four hours, three quarters for
    eight, and so on towards the whole. So nobody stays here by followers alone, nor by hours alone.

    The choice is up to CREATORS_SECONDS old. Whether a channel may stand here is asked each time: one query.
    """
    chosen = _creators.get()
    channels = _open_to_all().in_bulk(chosen)
    return [channels[pk] for pk in chosen if pk in channels]
