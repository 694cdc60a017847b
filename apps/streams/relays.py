"""What becomes of the places that streams are forwarded to, told to their owners."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from apps.channels.models import topic
from apps.core.realtime import frame, push

from . import services
from .media import RelayInfo


class RelayNews:
    """What was told of each relay last: dashboards hear what changed. `told` maps a target to its channel."""

    def __init__(self) -> None:
        self.told: dict[str, tuple[str, RelayInfo]] = {}

    def pass_on(self, relays: Mapping[str, Sequence[RelayInfo]], *, keep: bool) -> None:
        """Tell dashboards what changed, and `keep` all of it for pages that are opened."""
        now = {
            info.target_id: (channel, replace(info, dropped=0))
            for channel, infos in relays.items()
            for info in infos
        }
        gone = {id: (channel, _waiting(info)) for id, (channel, info) in self.told.items() if id not in now}
        changed = {id: each for id, each in now.items() if self.told.get(id) != each} | gone
        services.remember_relays(info for _, info in ((now | gone) if keep else changed).values())
        for channel, info in changed.values():
            _tell_relay(channel, info)
        self.told = now


def _waiting(info: RelayInfo) -> RelayInfo:
    """The same target, its stream over."""
    return replace(info, state="waiting", reason="", next_attempt_at=None)


def _tell_relay(channel_id: str, info: RelayInfo) -> None:
    at = info.next_attempt_at
    payload = {
        "targetId": str(uuid.UUID(info.target_id)),
        "state": info.state,
        "reason": info.reason,
        "nextAttemptAt": datetime.fromtimestamp(at, UTC).isoformat() if at else None,
    }
    push(topic("dashboard", uuid.UUID(channel_id)), frame("stream:simulcast", payload))
