"""The verbs of people, one file a noun."""

from .people import onboard, register_person, skip_onboarding
from .profiles import BIO_MOST, DISPLAY_NAME_MOST, edit_profile, time_zones
from .relations import block_person, end_follows_of, follow_person, unblock_person, unfollow_person

__all__ = [
    "BIO_MOST",
    "DISPLAY_NAME_MOST",
    "block_person",
    "edit_profile",
    "end_follows_of",
    "follow_person",
    "onboard",
    "register_person",
    "skip_onboarding",
    "time_zones",
    "unblock_person",
    "unfollow_person",
]
