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


@dataclass(frozen=True, slots=True)
class AccountShut:
    """Nobody can use the account of `user_id` any more, for whatever reason; its sessions have ended."""

    user_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """The account of `user_id` can be used again."""

    user_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class PersonSuspended:
    """Staff (`actor_id`) have suspended `user_id`, or changed for how long."""

    user_id: uuid.UUID
    actor_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ExportAsked:
    """Somebody wants all that the site keeps of them; the row tells who."""

    export_id: uuid.UUID
