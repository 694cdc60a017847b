"""The verbs of channels, one file a noun."""

from .channels import category_named, checked_tags, create_channel, delete_channel, edit_channel
from .follows import end_follows_of_blocked, follow_channel, unfollow_channel
from .team import answer_invitation, invite_helper, leave_team, remove_helper, withdraw_invitation

__all__ = [
    "answer_invitation",
    "category_named",
    "checked_tags",
    "create_channel",
    "delete_channel",
    "edit_channel",
    "end_follows_of_blocked",
    "follow_channel",
    "invite_helper",
    "leave_team",
    "remove_helper",
    "unfollow_channel",
    "withdraw_invitation",
]
