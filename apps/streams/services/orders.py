"""The words in which a node reports its streams and is answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.streams.media.ports import StandbyInfo, Target


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a node says of one of its streams in a report; without a session no encoder feeds it here."""

    broadcast_id: uuid.UUID
    session_id: str | None
    is_sending: bool
    targets: Sequence[Target] = ()
    """Where it is forwarded to at the moment."""
    silent_seconds: float | None = None
    """Since that session sent."""
    standby: StandbyInfo | None = None
    """The encoder that stands by for it here."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the node does next: end whole streams, cut single encoders, forward each stream that goes on, put
    encoders that stand by on air, leave streams to other nodes."""

    end: list[uuid.UUID] = field(default_factory=list)
    cut: list[tuple[uuid.UUID, str]] = field(default_factory=list)
    forward: dict[uuid.UUID, list[Target]] = field(default_factory=dict)
    on_air: dict[uuid.UUID, str] = field(default_factory=dict)
    leave: list[uuid.UUID] = field(default_factory=list)
    has_standby: set[uuid.UUID] = field(default_factory=set)
    """Streams that another encoder stands by for, and sends, wherever it is."""
