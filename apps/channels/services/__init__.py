"""The verbs of channels, one file a noun."""

from .channels import category_named, checked_tags, create_channel, delete_channel, edit_channel
from .follows import end_follows_of_blocked, follow_channel, unfollow_channel

__all__ = [
    "category_named",
    "checked_tags",
    "create_channel",
    "delete_channel",
    "edit_channel",
    "end_follows_of_blocked",
    "follow_channel",
    "unfollow_channel",
]
