"""What people tell the rest of the house."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockChanged:
    """`user_id` blocks `blocked_id` now, or no longer; the table tells which."""

    user_id: uuid.UUID
    blocked_id: uuid.UUID
