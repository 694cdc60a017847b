"""The words in which a node reports its streams and is answered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a node says of one of its streams in a report; without a session its encoder is away."""

    broadcast_id: uuid.UUID
    session_id: str | None
    is_sending: bool


@dataclass(frozen=True, slots=True)
class Orders:
    """What the node does next: end whole streams, cut single encoders."""

    end: list[uuid.UUID]
    cut: list[tuple[uuid.UUID, str]]
