"""The demo: two people, a channel and a broadcaster that is live without any encoder of yours."""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from dataclasses import dataclass
from types import FrameType

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from aethex import env
from aethex.test_picture import TestPicture
from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.services import create_channel
from apps.streams.media.rtmp.client import PublishRefused
from apps.streams.services import reveal_key

log = logging.getLogger(__name__)

CREATOR, VIEWER, CHANNEL = "demo_creator", "demo_viewer", "test-card"
SECRETS = settings.DATA_DIR / "secrets"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    role: str
    username: str
    password: str


def seed() -> list[DemoPerson]:
    """The demo's people and channel, made once; their passwords are this installation's own."""
    people = [
        DemoPerson("creator", CREATOR, env.secret_in(SECRETS, "demo-creator")[:16]),
        DemoPerson("viewer", VIEWER, env.secret_in(SECRETS, "demo-viewer")[:16]),
    ]
    with transaction.atomic():
        users = {person.username: _user(person) for person in people}
        if not Channel.objects.filter(slug=CHANNEL).exists():
            channel = create_channel(
                actor=users[CREATOR],
                name="Test card",
                slug=CHANNEL,
                category="other",
                description="A clock, a moving picture and a tone, sent through your encoder's door.",
                tags=["demo"],
            )
            channel.next_title = "What time is it? A clock to read the delay from"
            channel.save(update_fields=["next_title"])
    return people


def _user(person: DemoPerson) -> User:
    user = User.objects.filter(username=person.username).first()
    if user is None:
        user = User.objects.create_user(
            username=person.username,
            email=f"{person.username}@example.org",
            password=person.password,
            display_name=person.username.replace("_", " ").capitalize(),
            onboarded_at=timezone.now(),
        )
    return user


def broadcast_forever() -> None:
    """Publish the test picture to this installation's RTMP door until SIGTERM or until the parent is gone.

    Cut after it was on air (somebody pressed "End stream"), it stays away for a while.
    """
    stop = threading.Event()

    def on_signal(number: int, at: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    parent = os.getppid()
    threading.Thread(target=_watch_parent, args=(parent, stop), daemon=True).start()
    key: str | None = ""
    while not stop.is_set():
        began = time.monotonic()
        try:
            key = key or _key()
            if key is None:
                log.info("the demo channel is gone; the demo ends")
                return
            TestPicture().publish(port=settings.RTMP_PORT, key=key, stop=stop)
        except PublishRefused as refusal:
            log.info("demo broadcaster: %s", refusal)
            key = ""  # perhaps it was replaced
        except (OSError, DatabaseError) as error:
            log.info("demo broadcaster: %s", error)
        was_on_air = time.monotonic() - began > 10
        stop.wait(60 if was_on_air else 1 + random.random())  # noqa: S311  only spreads retries


def _key() -> str | None:
    channel = Channel.objects.select_related("owner").filter(slug=CHANNEL, owner__username=CREATOR).first()
    return reveal_key(actor=channel.owner, channel=channel) if channel else None


def _watch_parent(parent: int, stop: threading.Event) -> None:
    """A server that was killed can't stop its child: the child notices."""
    while not stop.wait(1):
        if os.getppid() != parent:
            stop.set()
