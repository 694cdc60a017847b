"""What channels keep of a person, as tables of their archive."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models.fields.files import FieldFile

from apps.accounts.archive import Part, Row, rows_of
from apps.accounts.models import User

from .models import Channel, ChannelRole, Follow, RoleInvitation, ScheduledBroadcast, SlugHistory

CHANNEL = (
    "id", "slug", "name", "description", "tags", "language", "links", "visibility", "is_mature",
    "is_verified", "shows_followers", "follower_count", "next_title", "suspended_at", "suspension_reason",
    "created_at",
)  # fmt: skip


def pictures(user: User) -> Iterator[tuple[str, FieldFile]]:
    for channel in Channel.objects.filter(owner=user).iterator():
        yield f"channel-{channel.slug}-avatar.webp", channel.avatar
        yield f"channel-{channel.slug}-banner.webp", channel.banner


def _channels(user: User) -> Iterator[Row]:
    channels = Channel.objects.filter(owner=user).order_by("id")
    return rows_of(channels, *CHANNEL, category="category__slug")


def _old_addresses(user: User) -> Iterator[Row]:
    old = SlugHistory.objects.filter(channel__owner=user).order_by("changed_at")
    return rows_of(old, "slug", "changed_at", channel="channel__slug")


def _schedule(user: User) -> Iterator[Row]:
    planned = ScheduledBroadcast.objects.filter(channel__owner=user).order_by("id")
    return rows_of(
        planned, "title", "repeats", "first_on", "last_on", "start_time", "time_zone", "duration_minutes",
        "cancelled_on", channel="channel__slug",
    )  # fmt: skip


def _team(user: User) -> Iterator[Row]:
    helpers = ChannelRole.objects.filter(channel__owner=user).order_by("id")
    return rows_of(helpers, "role", channel="channel__slug", person="user__username", since="created_at")


def _roles(user: User) -> Iterator[Row]:
    held = ChannelRole.objects.filter(user=user).order_by("id")
    return rows_of(held, "role", channel="channel__slug", since="created_at")


def _invitations(user: User) -> Iterator[Row]:
    sent = RoleInvitation.objects.filter(user=user).order_by("id")
    return rows_of(sent, "role", "state", "created_at", "answered_at", channel="channel__slug")


def _follows(user: User) -> Iterator[Row]:
    follows = Follow.objects.filter(user=user).order_by("id")
    return rows_of(follows, "bell", channel="channel__slug", since="created_at")


PARTS = (
    Part("channels_you_follow", "Channels that you follow", _follows),
    Part("your_roles", "Channels in which you help", _roles),
    Part("invitations", "Invitations to help", _invitations),
    Part("channels", "Your channels", _channels),
    Part("channels_old_addresses", "Addresses that your channels once had", _old_addresses),
    Part("channels_team", "Who helps in your channels", _team),
    Part("channels_schedule", "What your channels have planned", _schedule),
)
