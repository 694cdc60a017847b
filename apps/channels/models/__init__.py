"""The rows of channels, one file a noun."""

from .channels import (
    HELPERS,
    Category,
    Channel,
    ChannelQuerySet,
    ChannelRole,
    ChannelTag,
    Follow,
    RoleInvitation,
    RoleInvitationQuerySet,
    SlugHistory,
    topic,
)
from .schedule import ONCE, WEEKLY, Occurrence, ScheduledBroadcast, ScheduledBroadcastQuerySet

__all__ = [
    "HELPERS",
    "ONCE",
    "WEEKLY",
    "Category",
    "Channel",
    "ChannelQuerySet",
    "ChannelRole",
    "ChannelTag",
    "Follow",
    "Occurrence",
    "RoleInvitation",
    "RoleInvitationQuerySet",
    "ScheduledBroadcast",
    "ScheduledBroadcastQuerySet",
    "SlugHistory",
    "topic",
]
