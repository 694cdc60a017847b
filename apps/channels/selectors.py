"""Finding channels by what people and programs know of them, and the people who help there."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet, Subquery

from apps.accounts.models import User
from apps.accounts.profiles import open_to
from apps.core.errors import NotAllowed, NotFound

from . import policies
from .models import (
    Channel,
    ChannelRole,
    ChannelTag,
    Follow,
    Occurrence,
    RoleInvitation,
    RoleInvitationQuerySet,
    ScheduledBroadcast,
)
from .roles import POWERS, Power, Role

if TYPE_CHECKING:
    from apps.accounts.models import Actor


POPULAR_SECONDS = 300


class Place(NamedTuple):
    """A channel, and what somebody is there."""

    channel: Channel
    role: Role

    @property
    def powers(self) -> frozenset[Power]:
        return POWERS[self.role]


def find_channel(*, viewer: Actor, slug_or_id: str) -> Channel:
    """The channel with this address or id, or that once had this address.

    Raises NotFound: CHANNEL_NOT_FOUND; CHANNEL_SUSPENDED, or CHANNEL_CLOSED when it is away with its owner.
    """
    channel = _at(slug_or_id, Channel.objects.reachable_by(viewer).select_related("owner", "category"))
    if channel is None:
        raise _away(_at(slug_or_id, Channel.objects.all()))
    return channel


def _at(slug_or_id: str, channels: QuerySet[Channel]) -> Channel | None:
    slug = slug_or_id.lower()
    ways = [Q(slug=slug), Q(old_slugs__slug=slug)]
    with suppress(ValueError):
        # First: nobody takes over a channel's id with an address that looks like it.
        ways.insert(0, Q(pk=uuid.UUID(slug_or_id)))
    return next((found for way in ways if (found := channels.filter(way).first())), None)


def _away(channel: Channel | None) -> NotFound:
    """What is told of a channel that can't be opened. Why is for its owner, and so is what its name says."""
    if channel is None:
        return NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")
    if channel.suspended_with_owner:
        return NotFound("The account of its owner is closed, and the channel with it.", code="CHANNEL_CLOSED")
    return NotFound(
        "Our staff have taken this channel off the site. If they lift that, it is here again.",
        code="CHANNEL_SUSPENDED",
    )


class Ties(NamedTuple):
    """What binds somebody to a channel: their role there, and of what they hear as its follower, None for who
    does not follow it."""

    role: Role | None = None
    bell: Follow.Bell | None = None

    @property
    def powers(self) -> frozenset[Power]:
        return POWERS[self.role] if self.role else frozenset()


def ties_of(user: Actor, channel: Channel) -> Ties:
    """One query for a person, none for who is not signed in."""
    if not user.is_authenticated:
        return Ties()
    roles = ChannelRole.objects.filter(user=user, channel=channel).values("role")
    bells = Follow.objects.filter(user=user, channel=channel).values("bell")
    found = User.objects.filter(pk=user.pk).values_list(Subquery(roles), Subquery(bells)).first()
    held, bell = found or (None, None)  # a moment ago the account was there
    return Ties(policies.role_given(user.pk, channel, held), Follow.Bell(bell) if bell else None)


def may_read_followers(channel: Channel, powers: Collection[Power]) -> bool:
    """With these powers: the crew may; everybody else unless the owner keeps the list for the crew."""
    return channel.shows_followers or Power.READ_FOLLOWERS in powers


def followers_of(*, viewer: Actor, channel: Channel) -> QuerySet[User]:
    """Who follows the channel, the latest first. Its crew reads all of them, others those who let people see
    whom they follow. Raises NotAllowed (FOLLOWERS_HIDDEN)."""
    powers = policies.powers_of(viewer, channel)
    if not may_read_followers(channel, powers):
        raise NotAllowed("Only this channel's crew sees who follows it.", code="FOLLOWERS_HIDDEN")
    people = User.objects.filter(follows__channel=channel).order_by(F("follows__id").desc())
    if Power.READ_FOLLOWERS in powers:
        return people.filter(is_active=True)
    return open_to(viewer, people)


def tags_in_use(prefix: str, *, most: int = 10) -> list[str]:
    """The tags of listed channels that begin with `prefix`, the most used first."""
    used = ChannelTag.objects.filter(channel__in=Channel.objects.listed(), name__startswith=prefix)
    counted = used.values("name").annotate(uses=Count("pk")).order_by("-uses", "name")
    return [row["name"] for row in counted[:most]]


def popular_tags() -> list[str]:
    """The tags that most listed channels have. All of them are counted for it, so it is kept for minutes."""
    return cache.get_or_set("popular-tags", lambda: tags_in_use("", most=30), POPULAR_SECONDS) or []


def owned_by(user: User) -> list[Place]:
    """The channels of this person, oldest first."""
    return [Place(channel, Role.OWNER) for channel in user.channels.order_by("created_at")]


def helped_by(user: User) -> list[Place]:
    """The channels in which this person has a role, by name."""
    held = ChannelRole.objects.filter(user=user, channel__in=Channel.objects.standing())
    return [
        Place(each.channel, Role(each.role))
        for each in held.select_related("channel").order_by("channel__name_key")
    ]


def team_of(*, viewer: Actor, channel: Channel) -> QuerySet[ChannelRole]:
    """The helpers: editors, moderators, VIPs. Raises NotAllowed for who can choose none of them."""
    policies.require(viewer, Power.GIVE_VIP, channel)
    # In the order of the roles, which is that of their letters, too.
    return channel.roles.select_related("user").order_by("role", "user__username")


def open_invitations(*, viewer: Actor, channel: Channel) -> RoleInvitationQuerySet:
    """Who is asked to join the team, newest first. Raises NotAllowed like `team_of`."""
    policies.require(viewer, Power.GIVE_VIP, channel)
    return RoleInvitation.objects.open().with_names().filter(channel=channel).order_by("-id")


def find_scheduled(*, channel: Channel, scheduled_id: uuid.UUID) -> ScheduledBroadcast:
    """The channel's scheduled broadcast of this id; NotFound when it has none such."""
    found = channel.schedule.select_related("channel", "category").filter(pk=scheduled_id).first()
    if found is None:
        raise NotFound("There is no such broadcast in this schedule.", code="SCHEDULED_NOT_FOUND")
    return found


def next_occurrences(channel_ids: Iterable[uuid.UUID], now: datetime) -> dict[uuid.UUID, Occurrence]:
    """By channel's id, what of its schedule begins next after `now`; channels that plan nothing are left out.

    One query. `occurrence.starts_at` is when, `occurrence.scheduled.title` what.
    """
    coming = ScheduledBroadcast.objects.coming(now).filter(channel__in=channel_ids)
    found: dict[uuid.UUID, Occurrence] = {}
    for scheduled in coming:
        first = scheduled.next_occurrence(now)
        known = found.get(scheduled.channel_id)
        if first is not None and (known is None or first.starts_at < known.starts_at):
            found[scheduled.channel_id] = first
    return found


def upcoming(channel: Channel, now: datetime, *, most: int = 8, each: int = 4) -> list[Occurrence]:
    """What the channel plans next, in order, what runs at `now` and what is cancelled included: the first
    `most`, and of a weekly broadcast no more than `each`."""
    coming = channel.schedule.coming(now).select_related("category")
    days = [day for scheduled in coming for day in islice(scheduled.occurrences(now), each)]
    return sorted(days, key=lambda day: (day.starts_at, day.scheduled.pk))[:most]
