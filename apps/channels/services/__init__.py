"""The verbs of channels, one file a noun."""

from .channels import category_named, checked_tags, create_channel, delete_channel, edit_channel
from .follows import follow_channel, unfollow_channel

__all__ = [
    "category_named",
    "checked_tags",
    "create_channel",
    "delete_channel",
    "edit_channel",
    "follow_channel",
    "unfollow_channel",
]
