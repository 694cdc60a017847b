"""What people tell the rest of the house."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockChanged:
    """`user_id` blocks `blocked_id` now, or no longer; the table tells which."""

    user_id: uuid.UUID
    blocked_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    """Some of the sessions of `user_id` hold no longer; the database tells which."""

    user_id: uuid.UUID
