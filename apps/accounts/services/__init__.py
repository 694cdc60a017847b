"""The verbs of people, one file a noun."""

from .people import onboard, register_person, skip_onboarding
from .profiles import BIO_MOST, DISPLAY_NAME_MOST, edit_profile, time_zones
from .relations import block_person, end_follows_of, follow_person, unblock_person, unfollow_person
from .staff import clear_profile, reinstate_due, reinstate_person, suspend_person, verify_person

__all__ = [
    "BIO_MOST",
    "DISPLAY_NAME_MOST",
    "block_person",
    "clear_profile",
    "edit_profile",
    "end_follows_of",
    "follow_person",
    "onboard",
    "register_person",
    "reinstate_due",
    "reinstate_person",
    "skip_onboarding",
    "suspend_person",
    "time_zones",
    "unblock_person",
    "unfollow_person",
    "verify_person",
]
