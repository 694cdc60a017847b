"""What the platform asks of a hosted video provider, and what it learns from one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from apps.core.errors import NotAllowed, NotFound, Unavailable


class Happening(StrEnum):
    """STARTED: the picture is there. AWAY: the encoder is gone and may come back. OVER: the provider does not
    wait for it any more. REFUSED: it sent what can't be taken. RECORDED: the recording can be played."""

    STARTED = "started"
    AWAY = "away"
    OVER = "over"
    REFUSED = "refused"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a provider tells of one of its inputs.

    `at` is the provider's own time of it, and `id` tells events of the same moment apart: both together order
    them, however they arrive.
    """

    what: Happening
    input_id: str
    at: datetime
    id: str
    code: str = ""
    message: str = ""
    playback_id: str = ""
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class NewInput:
    """A door at the provider: where an encoder publishes, with which key, and by which id it is played."""

    external_id: str
    playback_id: str
    ingest_url: str
    key: str = field(repr=False)


class Provider(Protocol):
    """A hosted provider. Its verbs go over the network and raise ProviderDown or ProviderRefused; InputGone
    where there is no such input."""

    name: str
    title: str

    def create_input(self, label: str) -> NewInput:
        """A new door; `label` is what the provider's own pages call it."""
        ...

    def rotate_key(self, external_id: str) -> str:
        """The new key; the old one stops."""
        ...

    def open_input(self, external_id: str) -> None: ...

    def shut_input(self, external_id: str) -> None:
        """Cut its encoder and refuse it from now on."""
        ...

    def delete_input(self, external_id: str) -> None:
        """Whether or not it is still there."""
        ...

    def is_live(self, external_id: str) -> bool: ...

    def playback_url(self, playback_id: str) -> str:
        """The HLS playlist of an input or a recording. No network."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> Event | None:
        """What this request tells, None when it is of no concern. No network.

        Raises SignatureWrong, or Invalid for what is signed but no event.
        """
        ...


class SignatureWrong(NotAllowed):
    code = "SIGNATURE_WRONG"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The signature of this webhook is not valid: {reason}")


class ProviderOff(NotFound):
    code = "PROVIDER_OFF"

    def __init__(self, name: str) -> None:
        super().__init__(f"This site does not use {name}. Its operator turns it on with STREAM_PROVIDER.")


class ProviderDown(Unavailable):
    code = "PROVIDER_UNAVAILABLE"

    def __init__(self, title: str) -> None:
        super().__init__(f"{title} does not answer at the moment. Try again in a minute.", retry_after=30)


class ProviderRefused(Unavailable):
    """It answered, and said no; `reason` is its own word."""

    code = "PROVIDER_REFUSED"

    def __init__(self, title: str, reason: str) -> None:
        super().__init__(f"{title} refused this: {reason}")


class InputGone(ProviderRefused):
    def __init__(self, title: str) -> None:
        super().__init__(title, "it does not know this channel's input.")
