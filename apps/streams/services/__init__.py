"""The verbs of streams, one file a noun."""

from .broadcasts import (
    broadcast_of,
    edit_broadcast,
    end_broadcast,
    open_broadcast,
    sweep_broadcasts,
)
from .keys import reveal_key, rotate_key
from .playback import playback_url
from .publishing import (
    Refused,
    beat,
    claim_publish,
    interrupt_broadcast,
    note_refusal,
    start_broadcast,
)
from .viewers import sample_viewers

__all__ = [
    "Refused",
    "beat",
    "broadcast_of",
    "claim_publish",
    "edit_broadcast",
    "end_broadcast",
    "interrupt_broadcast",
    "note_refusal",
    "open_broadcast",
    "playback_url",
    "reveal_key",
    "rotate_key",
    "sample_viewers",
    "start_broadcast",
    "sweep_broadcasts",
]
