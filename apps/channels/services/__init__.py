"""The verbs of channels, one file a noun."""

from .channels import (
    category_named,
    checked_tags,
    create_channel,
    delete_channel,
    delete_channels_of,
    edit_channel,
)
from .follows import (
    end_channel_follows_of,
    end_follows_of_blocked,
    follow_channel,
    silence_bell,
    unfollow_channel,
)
from .schedule import (
    cancel_occurrence,
    edit_scheduled,
    restore_occurrence,
    ring_occurrences,
    schedule_broadcast,
    unschedule_broadcast,
)
from .staff import (
    reinstate_channel,
    reinstate_with_owner,
    suspend_channel,
    suspend_with_owner,
    verify_channel,
)
from .team import answer_invitation, invite_helper, leave_team, remove_helper, withdraw_invitation

__all__ = [
    "answer_invitation",
    "cancel_occurrence",
    "category_named",
    "checked_tags",
    "create_channel",
    "delete_channel",
    "delete_channels_of",
    "edit_channel",
    "edit_scheduled",
    "end_channel_follows_of",
    "end_follows_of_blocked",
    "follow_channel",
    "invite_helper",
    "leave_team",
    "reinstate_channel",
    "reinstate_with_owner",
    "remove_helper",
    "restore_occurrence",
    "ring_occurrences",
    "schedule_broadcast",
    "silence_bell",
    "suspend_channel",
    "suspend_with_owner",
    "unfollow_channel",
    "unschedule_broadcast",
    "verify_channel",
    "withdraw_invitation",
]
