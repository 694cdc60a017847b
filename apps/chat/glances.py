"""What a page shows of a room when it is made. A crowd that comes at once looks at the same: it is read once
a second, and drawn once for all who are shown it alike. The socket goes on from there."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from functools import cached_property

import orjson
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.core.kept import KeptEach

from . import selectors
from .models import Message
from .payloads import settings_payload

SHOWN = 50
GLANCE_SECONDS = 1.0
MOST_GLANCES = 64


class Glance:
    """A room at one moment, `at`: its last messages, oldest first, and its `chat:settings` as JSON.

    It is the same for everybody and never changed; how it looks to somebody, `lines` tells.
    """

    def __init__(self, channel_id: uuid.UUID) -> None:
        # First: what is removed from here on, the socket tells.
        self.at = timezone.now()
        self.messages = selectors.newest(channel_id, limit=SHOWN)
        room = selectors.room_of(channel_id)
        self.settings = orjson.dumps(settings_payload(room, selectors.pinned_in(room))).decode()
        self._drawn: dict[tuple[str, bool], list[SafeString]] = {}

    @property
    def last_seq(self) -> int | None:
        """The number of the last message, None in a room where nothing was said."""
        return self.messages[-1].seq if self.messages else None

    @cached_property
    def has_struck(self) -> bool:
        """Whether somebody who is kept out wrote any of it."""
        return any(message.is_struck for message in self.messages)

    def lines(self, *, reads_struck: bool, blocked: Collection[uuid.UUID]) -> list[SafeString]:
        """The messages as they are shown to somebody, in the current time zone. `reads_struck`: also what
        people wrote who are kept out; `blocked` are those whom the reader blocks."""
        kind = (timezone.get_current_timezone_name(), reads_struck)
        if kind not in self._drawn:
            self._drawn[kind] = [drawn(message, reads_struck=reads_struck) for message in self.messages]
        return [
            drawn(message, reads_struck=reads_struck, is_blocked=True) if message.user_id in blocked else line
            for message, line in zip(self.messages, self._drawn[kind], strict=True)
        ]


def drawn(message: Message, *, reads_struck: bool, is_blocked: bool = False) -> SafeString:
    """One line of the log."""
    is_readable = message.deleted_at is None and (reads_struck or not message.is_struck)
    context = {"message": message, "is_readable": is_readable, "is_blocked": is_blocked}
    return render_to_string("components/chat_message.html", context)


_glances = KeptEach(Glance, seconds=GLANCE_SECONDS, most=MOST_GLANCES)


def glance_at(channel_id: uuid.UUID) -> Glance:
    """The room of this channel now, or up to GLANCE_SECONDS ago."""
    return _glances.get(channel_id)
