"""What people do in a room, one file a noun."""

from .announcements import announce
from .commands import run_command, teach_commands
from .docks import find_dock, remove_dock, renew_dock
from .events import tell_raid
from .held import approve_held, reject_held
from .messages import delete_message, rate_limited, send_message
from .modes import edit_modes
from .pins import pin_message, unpin_message
from .purge import clear_room, purge_person
from .removal import restore_message
from .shield import lower_shield, raise_shield
from .shows import settle_show, settle_shows

__all__ = [
    "announce",
    "approve_held",
    "clear_room",
    "delete_message",
    "edit_modes",
    "find_dock",
    "lower_shield",
    "pin_message",
    "purge_person",
    "raise_shield",
    "rate_limited",
    "reject_held",
    "remove_dock",
    "renew_dock",
    "restore_message",
    "run_command",
    "send_message",
    "settle_show",
    "settle_shows",
    "teach_commands",
    "tell_raid",
    "unpin_message",
]
