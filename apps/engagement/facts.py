"""What engagement tells the rest of the house."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RaidBegun:
    """The countdown runs."""

    raid_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class RaidCancelled:
    """It will not go: somebody called it off, or the other channel can't be raided any more."""

    raid_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class RaidGone:
    """The viewers are on their way."""

    raid_id: uuid.UUID
