"""Which of a channel's two encoders has its broadcast: the main one while it can, the backup while it can't.

Each is a session in the broadcast's row, wherever it is connected. The row decides: the node that holds the
one standing by learns from the answer to its next report that it is on air.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.core.events import publish
from apps.streams.facts import EncoderReplaced
from apps.streams.media.ports import SilentFor
from apps.streams.models import Broadcast, Status

from .broadcasts import locked
from .orders import Publishing
from .takeover import already_publishing, reported_silence, still_sends

# Its node says once a second that an encoder stands by and sends; after so long it does not any more.
FRESH = timedelta(seconds=3)
# The main encoder has to be steady for so long before it gets the broadcast back.
STEADY_SECONDS = 5.0
# What the first picture takes to come; the sweeper leaves it to who came back in time.
FIRST_PICTURE = timedelta(seconds=15)


def admit(
    broadcast: Broadcast, *, is_backup: bool, session_id: str, node: str, silent_for: SilentFor
) -> None:
    """Give the broadcast, which the caller holds and saves, to this session; or let it stand by for the other
    encoder. Raises Refused while another one sends with the same key."""
    now = timezone.now()
    if broadcast.publisher_session and broadcast.on_backup != is_backup:
        session, on, heard_at = broadcast.standby_session, broadcast.standby_node, broadcast.standby_at
    else:
        session, on, heard_at = broadcast.publisher_session, broadcast.node, broadcast.media_at
    if session != session_id and still_sends(
        session, on=on, heard_at=heard_at, node=node, silent_for=silent_for
    ):
        raise already_publishing()
    if broadcast.publisher_session and broadcast.on_backup != is_backup:
        broadcast.standby_session, broadcast.standby_node, broadcast.standby_at = session_id, node, now
        return
    if broadcast.on_backup != is_backup:
        broadcast.standby_session = ""  # an older session with this key
    broadcast.on_backup = is_backup
    broadcast.publisher_session, broadcast.node, broadcast.media_at = session_id, node, now
    broadcast.media_base = settings.MEDIA_URL_BASE
    give_time(broadcast)


def is_sent(broadcast: Broadcast, *, node: str, silent_for: SilentFor) -> bool:
    """One of its encoders still sends, or has a moment ago."""
    one = broadcast.publisher_session, broadcast.node, broadcast.media_at
    other = broadcast.standby_session, broadcast.standby_node, broadcast.standby_at
    return any(
        still_sends(session, on=on, heard_at=heard_at, node=node, silent_for=silent_for)
        for session, on, heard_at in (one, other)
    )


def give_time(broadcast: Broadcast) -> None:
    """An encoder came back in time: the first picture may take a moment."""
    if broadcast.status == Status.ENDING:
        soonest = timezone.now() + FIRST_PICTURE
        broadcast.ends_at = max(broadcast.ends_at or soonest, soonest)


def has_standby(broadcast: Broadcast) -> bool:
    """An encoder stands by, and sends, as its node said."""
    heard_at = broadcast.standby_at
    return bool(broadcast.standby_session) and heard_at is not None and heard_at > timezone.now() - FRESH


def is_ready(broadcast: Broadcast, told: Publishing) -> bool:
    """The same, as the reporting node says now; it may feed the stream still, until the other's keyframe."""
    return _sends(broadcast.standby_session, told)


def is_sending(broadcast: Broadcast, told: Publishing) -> bool:
    """The reporting node has the encoder that the broadcast belongs to, and that sends."""
    on_air = told.session_id == broadcast.publisher_session
    return told.is_sending if on_air else _sends(broadcast.publisher_session, told)


def replace(broadcast: Broadcast) -> None:
    """Let the encoder that stands by have a locked broadcast, and the other one stand by; does not save.

    To be called for the node that holds it.
    """
    row = broadcast
    row.publisher_session, row.standby_session = row.standby_session, row.publisher_session
    row.node, row.standby_node = row.standby_node, row.node
    row.standby_at, row.media_at = row.media_at, timezone.now()
    row.media_base = settings.MEDIA_URL_BASE
    row.on_backup = not row.on_backup
    give_time(row)
    publish(EncoderReplaced(row.pk, row.channel_id))


def replace_if_due(broadcast: Broadcast, told: Publishing) -> Broadcast:
    """Let the encoder that stands by on the reporting node have the broadcast when the other one is gone or
    silent, or when it is the main one and steady again. The broadcast as it is then."""
    if not _is_due(broadcast, told):
        return broadcast
    seen = (broadcast.publisher_session, broadcast.standby_session)
    with transaction.atomic():
        row = locked(broadcast.pk)
        # Read again under the lock: an encoder may have come or gone since.
        if row is None or (row.publisher_session, row.standby_session) != seen:
            return broadcast
        replace(row)
        row.save()
    return row


def _is_due(broadcast: Broadcast, told: Publishing) -> bool:
    if not is_ready(broadcast, told):
        return False
    if not broadcast.publisher_session or _silence(broadcast, told) >= settings.PUBLISHER_SILENT_SECONDS:
        return True
    ready = told.standby
    if not broadcast.on_backup or ready is None or ready.session_id != broadcast.standby_session:
        return False
    return ready.steady_seconds >= STEADY_SECONDS


def _silence(broadcast: Broadcast, told: Publishing) -> float:
    """Seconds since the encoder that has the broadcast sent: to this node, or as another one reports."""
    here = _silent_here(broadcast.publisher_session, told)
    if here is not None:
        return here
    return reported_silence(broadcast.media_at) if broadcast.media_at else 0.0


def _sends(session: str, told: Publishing) -> bool:
    here = _silent_here(session, told)
    return here is not None and here < settings.PUBLISHER_SILENT_SECONDS


def _silent_here(session: str, told: Publishing) -> float | None:
    """Seconds since this session sent to the reporting node; None when it is not there."""
    if session and session == told.session_id:
        return told.silent_seconds
    if session and told.standby is not None and session == told.standby.session_id:
        return told.standby.silent_seconds
    return None
