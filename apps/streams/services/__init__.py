"""The verbs of streams, one file a noun."""

from .broadcasts import (
    broadcast_of,
    edit_broadcast,
    end_broadcast,
    open_broadcast,
    sweep_broadcasts,
)
from .keys import reveal_key, rotate_key
from .playback import playback_url, preview_url
from .publishing import (
    Orders,
    Publishing,
    claim_publish,
    interrupt_broadcast,
    note_refusal,
    refuse_encoder,
    report,
    start_broadcast,
)
from .viewers import sample_viewers

__all__ = [
    "Orders",
    "Publishing",
    "broadcast_of",
    "claim_publish",
    "edit_broadcast",
    "end_broadcast",
    "interrupt_broadcast",
    "note_refusal",
    "open_broadcast",
    "playback_url",
    "preview_url",
    "refuse_encoder",
    "report",
    "reveal_key",
    "rotate_key",
    "sample_viewers",
    "start_broadcast",
    "sweep_broadcasts",
]
