"""A mail server: a folder with a file for each letter that it took. It can kill who speaks to it."""

from __future__ import annotations

import os
import signal
import uuid
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend


class Postbox(BaseEmailBackend):
    def send_messages(self, messages):
        for message in messages:
            if _taken() == settings.KILL_BEFORE:
                os.kill(os.getpid(), signal.SIGKILL)
            path = Path(settings.POSTBOX) / uuid.uuid4().hex
            path.write_bytes(message.message().as_bytes())
            if _taken() == settings.KILL_AFTER:
                os.kill(os.getpid(), signal.SIGKILL)
        return len(messages)


def _taken() -> int:
    return len(os.listdir(settings.POSTBOX))


def letters_in(folder: Path) -> list[Message]:
    return [message_from_bytes(path.read_bytes()) for path in folder.iterdir()]
