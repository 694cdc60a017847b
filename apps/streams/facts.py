"""What streams tell the rest of the house."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BroadcastOpened:
    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class BroadcastStarted:
    """The first picture of a broadcast can be played."""

    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class BroadcastResumed:
    """The encoder came back; the picture can be played again."""

    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class BroadcastInterrupted:
    """The encoder is away."""

    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class EncoderReplaced:
    """The other of the channel's two encoders has the broadcast."""

    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class BroadcastEdited:
    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class BroadcastWithdrawn:
    """An announced broadcast was called off before its first picture."""

    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class BroadcastEnded:
    broadcast_id: uuid.UUID
    channel_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class ShowSaved:
    """What a show sets in the chat is not for streams to judge: who does, refuses."""

    show_id: uuid.UUID
    channel_id: uuid.UUID
    chat_modes: dict[str, Any]
    announcement: str


@dataclass(frozen=True, slots=True)
class HostedRecordingMade:
    """A hosted provider has the recording of a broadcast, and plays it by this id."""

    broadcast_id: uuid.UUID
    provider: str
    playback_id: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class EncoderRefused:
    channel_id: uuid.UUID
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RehearsalMoved:
    """The channel's rehearsal began, can be played, has a newer verdict, or is over."""

    channel_id: uuid.UUID
