"""Whether the encoder that a new one would replace still sends."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from apps.streams.media.ports import Refused, SilentFor
from apps.streams.models import Broadcast, Rehearsal


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
