"""The verbs of streams, one file a noun."""

from .broadcasts import (
    broadcast_of,
    cut_suspended,
    edit_broadcast,
    end_broadcast,
    open_broadcast,
)
from .hosted import check_hosted, take_event
from .inputs import hosted_input, settle_inputs
from .keys import reveal_key, rotate_key
from .nodes import Heartbeat, forget_nodes, node_url, register_node
from .orders import Orders, Publishing
from .pictures import picture_live_broadcasts, storyboard_sheet, sweep_pictures, tidy_pictures
from .playback import Viewer, grant_key, plain_beside, playback_url, preview_url, storyboard_url
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
from .shows import (
    archive_show,
    create_show,
    delete_show,
    edit_show,
    next_title,
    restore_show,
    show_of,
    shows_of,
    start_show,
)
from .simulcast import (
    add_target,
    change_target,
    forwarding_of,
    forwardings,
    remember_relays,
    remove_target,
    switch_target,
    target_of,
)
from .sweeping import sweep_broadcasts
from .transcoding import (
    awaiting_transcoder,
    claim_transcode,
    explain_no_transcode,
    keep_transcode,
    leave_transcode,
    transcode_troubles,
    transcoding_grant,
    transcoding_key,
)
from .viewers import sample_viewers

__all__ = [
    "Heartbeat",
    "Orders",
    "Publishing",
    "Viewer",
    "add_target",
    "archive_show",
    "awaiting_transcoder",
    "broadcast_of",
    "change_target",
    "check_hosted",
    "claim_publish",
    "claim_transcode",
    "create_show",
    "cut_suspended",
    "delete_show",
    "edit_broadcast",
    "edit_show",
    "end_broadcast",
    "end_rehearsal",
    "explain_no_transcode",
    "forget_nodes",
    "forwarding_of",
    "forwardings",
    "grant_key",
    "hosted_input",
    "interrupt_broadcast",
    "keep_transcode",
    "leave_transcode",
    "next_title",
    "node_url",
    "note_refusal",
    "note_verdict",
    "open_broadcast",
    "picture_live_broadcasts",
    "plain_beside",
    "playback_url",
    "preview_url",
    "refuse_encoder",
    "register_node",
    "rehearsal_of",
    "rehearsal_url",
    "remember_relays",
    "remove_target",
    "report",
    "report_rehearsals",
    "restore_show",
    "reveal_key",
    "rotate_key",
    "sample_viewers",
    "settle_inputs",
    "show_of",
    "show_rehearsal",
    "shows_of",
    "start_broadcast",
    "start_show",
    "storyboard_sheet",
    "storyboard_url",
    "sweep_broadcasts",
    "sweep_pictures",
    "switch_target",
    "take_event",
    "target_of",
    "tidy_pictures",
    "transcode_troubles",
    "transcoding_grant",
    "transcoding_key",
]
