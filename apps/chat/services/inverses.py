"""How each deed in a room is undone; `aethex/wiring.py` teaches it to moderation."""

from __future__ import annotations

from apps.moderation.undo import Inverse

from . import announcements, held, modes, pins, purge, removal, shield

INVERSES: dict[str, Inverse] = {
    "message.delete": removal.undo_delete,
    "message.restore": removal.undo_restore,
    "person.purge": purge.undo_removal,
    "chat.clear": purge.undo_removal,
    "chat.modes": modes.undo_edit,
    "message.pin": pins.undo_pin,
    "message.unpin": pins.undo_unpin,
    "message.announce": announcements.undo_announce,
    "held.approve": held.undo_approve,
    "held.reject": held.undo_reject,
    "shield.raise": shield.undo_raise,
    "shield.lower": shield.undo_lower,
}
