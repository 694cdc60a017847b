"""The verbs of streams, one file a noun."""

from .broadcasts import (
    broadcast_of,
    edit_broadcast,
    end_broadcast,
    open_broadcast,
    sweep_broadcasts,
)
from .keys import reveal_key, rotate_key
from .orders import Orders, Publishing
from .pictures import picture_live_broadcasts, storyboard_sheet, sweep_pictures, tidy_pictures
from .playback import grant_key, playback_url, preview_url, storyboard_url
from .publishing import (
    claim_publish,
    interrupt_broadcast,
    note_refusal,
    refuse_encoder,
    report,
    start_broadcast,
)
from .rehearsals import (
    end_rehearsal,
    note_verdict,
    rehearsal_of,
    rehearsal_url,
    report_rehearsals,
    show_rehearsal,
)
from .viewers import sample_viewers

__all__ = [
    "Orders",
    "Publishing",
    "broadcast_of",
    "claim_publish",
    "edit_broadcast",
    "end_broadcast",
    "end_rehearsal",
    "grant_key",
    "interrupt_broadcast",
    "note_refusal",
    "note_verdict",
    "open_broadcast",
    "picture_live_broadcasts",
    "playback_url",
    "preview_url",
    "refuse_encoder",
    "rehearsal_of",
    "rehearsal_url",
    "report",
    "report_rehearsals",
    "reveal_key",
    "rotate_key",
    "sample_viewers",
    "show_rehearsal",
    "start_broadcast",
    "storyboard_sheet",
    "storyboard_url",
    "sweep_broadcasts",
    "sweep_pictures",
    "tidy_pictures",
]
