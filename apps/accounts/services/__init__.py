"""The verbs of people, one file a noun."""

from .deletion import (
    close_account,
    erase_due,
    erase_with,
    keep_account,
    keep_token,
    person_of_keep_token,
)
from .exports import (
    ask_for_export,
    build_export,
    export_of_token,
    export_token,
    open_export,
    ready_export,
    remove_exports_of,
    sweep_exports,
)
from .people import onboard, register_person, skip_onboarding
from .profiles import BIO_MOST, DISPLAY_NAME_MOST, edit_profile, time_zones
from .relations import block_person, end_follows_of, follow_person, unblock_person, unfollow_person
from .staff import clear_profile, reinstate_due, reinstate_person, suspend_person, verify_person

__all__ = [
    "BIO_MOST",
    "DISPLAY_NAME_MOST",
    "ask_for_export",
    "block_person",
    "build_export",
    "clear_profile",
    "close_account",
    "edit_profile",
    "end_follows_of",
    "erase_due",
    "erase_with",
    "export_of_token",
    "export_token",
    "follow_person",
    "keep_account",
    "keep_token",
    "onboard",
    "open_export",
    "person_of_keep_token",
    "ready_export",
    "register_person",
    "reinstate_due",
    "reinstate_person",
    "remove_exports_of",
    "skip_onboarding",
    "suspend_person",
    "sweep_exports",
    "time_zones",
    "unblock_person",
    "unfollow_person",
    "verify_person",
]
