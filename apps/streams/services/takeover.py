"""Whether an encoder may have a broadcast: while another one sends it may not, nor right after its end."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from apps.channels.models import Channel
from apps.streams.media.ports import Refused, SilentFor
from apps.streams.models import Broadcast, LiveInput, Rehearsal, StreamKey

# Encoders come back by themselves, OBS every two seconds: one that did not for so long was stopped.
QUIET = timedelta(seconds=30)


def still_sends(held: Broadcast | Rehearsal, stream_id: str, node: str, silent_for: SilentFor) -> bool:
    """The session that holds it has sent within PUBLISHER_SILENT_SECONDS, here or on another node."""
    if not held.publisher_session:
        return False
    silence = silent_for(stream_id)
    if silence is None:
        if held.media_at is None or held.node == node:
            return False  # this node does not know the session any more: it is gone
        # The other node writes once a second, so its word may be a second old.
        silence = (timezone.now() - held.media_at).total_seconds() - 1.0
    return silence < settings.PUBLISHER_SILENT_SECONDS


def already_publishing() -> Refused:
    return Refused("ALREADY_PUBLISHING", "Another encoder is sending with this key. Stop it first.")


def send_away(channel: Channel) -> None:
    """Its broadcast was ended while an encoder sent it: which must not open the next one by itself."""
    StreamKey.objects.filter(channel=channel, kind=StreamKey.Kind.MAIN, retired_at=None).update(
        quiet_until=timezone.now() + QUIET
    )
    # A provider does not tell of encoders that it refuses, so there is no quiet to wait for.
    LiveInput.objects.filter(channel=channel).update(is_open=False)


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
