"""Whether an encoder may have a broadcast: while another one sends it may not, nor right after its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from apps.channels.models import Channel
from apps.streams.media.ports import Refused, SilentFor
from apps.streams.models import Broadcast, LiveInput, StreamKey

# Encoders come back by themselves, OBS every two seconds: one that did not for so long was stopped.
QUIET = timedelta(seconds=30)


def still_sends(
    session: str, *, on: str, heard_at: datetime | None, node: str, silent_for: SilentFor
) -> bool:
    """This session of the node `on` has sent within PUBLISHER_SILENT_SECONDS, as far as `node` can know."""
    if not session:
        return False
    silence = silent_for(session)
    if silence is None:
        if heard_at is None or on == node:
            return False  # this node does not know the session any more: it is gone
        silence = reported_silence(heard_at)
    return silence < settings.PUBLISHER_SILENT_SECONDS


def reported_silence(heard_at: datetime) -> float:
    """Seconds of silence of an encoder on another node, whose word, once a second, may be so old."""
    return (timezone.now() - heard_at).total_seconds() - 1.0


def already_publishing() -> Refused:
    return Refused("ALREADY_PUBLISHING", "Another encoder is sending. Stop it first.")


def send_away(broadcast: Broadcast) -> None:
    """It was ended while encoders sent it: they must not open the next one by themselves."""
    keys = StreamKey.objects.filter(channel=broadcast.channel_id, retired_at=None)
    # Keys of other shows had no encoder in it: starting one is to begin the next.
    senders = keys.exclude(kind=StreamKey.Kind.REHEARSAL).filter(Q(show=None) | Q(pk=broadcast.main_key_id))
    senders.update(quiet_until=timezone.now() + QUIET)
    # A provider does not tell of encoders that it refuses, so there is no quiet to wait for.
    LiveInput.objects.filter(channel=broadcast.channel_id).update(is_open=False)


def is_sent_away(key: StreamKey) -> bool:
    return key.quiet_until is not None and key.quiet_until > timezone.now()


def keep_away(key: StreamKey) -> None:
    """It has tried again: its wait begins anew, unless it was let in meanwhile."""
    StreamKey.objects.filter(pk=key.pk, quiet_until__isnull=False).update(quiet_until=timezone.now() + QUIET)


def let_in(channel: Channel) -> None:
    """The next broadcast is wanted."""
    StreamKey.objects.filter(channel=channel, quiet_until__isnull=False).update(quiet_until=None)
    LiveInput.objects.filter(channel=channel, is_open=False).update(is_open=True)


def ended_here() -> Refused:
    return Refused(
        "ENDED_HERE",
        "You ended this stream on the dashboard. Announce the next one there, or stop the encoder for half a "
        "minute.",
    )


def sends_elsewhere(title: str) -> Refused:
    return Refused(
        "SENDS_ELSEWHERE",
        f"This site takes streams through {title}. Copy server and key from your dashboard again.",
    )
