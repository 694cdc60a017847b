"""What channels tell the rest of the house."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChannelEdited:
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChannelDeleted:
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChannelFollowed:
    channel_id: uuid.UUID
    user_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class OccurrenceDue:
    """What is planned for this day is about to begin."""

    scheduled_id: uuid.UUID
    channel_id: uuid.UUID
    on: date


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A person has another role in the channel now, or none; `policies.role_of` tells which."""

    channel_id: uuid.UUID
    user_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ChannelSuspended:
    """The channel is gone for everybody else: by staff (`actor_id`), or (None) with its owner's account."""

    channel_id: uuid.UUID
    actor_id: uuid.UUID | None
