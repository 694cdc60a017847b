"""The words in which a node reports its streams and is answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.streams.media.ports import Target


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a node says of one of its streams in a report; without a session its encoder is away."""

    broadcast_id: uuid.UUID
    session_id: str | None
    is_sending: bool
    targets: Sequence[Target] = ()
    """Where it is forwarded to at the moment."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the node does next: end whole streams, cut single encoders, forward each stream that goes on."""

    end: list[uuid.UUID] = field(default_factory=list)
    cut: list[tuple[uuid.UUID, str]] = field(default_factory=list)
    forward: dict[uuid.UUID, list[Target]] = field(default_factory=dict)
