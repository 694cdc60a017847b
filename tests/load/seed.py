"""Fills a database for a measurement: `python -m tests.load.seed people N | channels N | tickets N`.

Runs as a process of its own in the environment of the platform under test and prints JSON. People are called
`load_0`, `load_1` …; channel i belongs to person i.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django

TITLES = (
    "Ranked until it hurts",
    "Learning the cello",
    "Building a city",
    "Late night talk",
    "Speedrun practice",
)
# Every message is held against many terms; the writers of a measurement repeat themselves.
RULES = [
    {
        "kind": "terms",
        "action": "refuse",
        "settings": {"blocked": [f"forbidden word {n}" for n in range(200)]},
    },
    {"kind": "similarity", "is_on": False},
    {"kind": "repetition", "is_on": False},
]


def people(count: int) -> dict[str, Any]:
    """`count` people who cannot sign in (making 1,000 slow password hashes is no part of any measurement)."""
    from django.utils import timezone

    from apps.accounts.models import User

    now = timezone.now()
    users = [
        User(username=f"load_{i}", display_name=f"Load {i}", email=f"load_{i}@example.org", onboarded_at=now)
        for i in range(count)
    ]
    for user in users:
        user.set_unusable_password()
    User.objects.bulk_create(users, batch_size=500, ignore_conflicts=True)
    return {"people": User.objects.filter(username__startswith="load_").count()}


def channels(count: int) -> dict[str, Any]:
    """A channel with a description, tags and a stream key for each of the first `count` people."""
    from apps.accounts.models import User
    from apps.channels.models import Channel
    from apps.channels.services import create_channel
    from apps.moderation.services import replace_rules
    from apps.streams.services import reveal_key

    made = []
    for i in range(count):
        owner = User.objects.get(username=f"load_{i}")
        channel = Channel.objects.filter(owner=owner).first()
        if channel is None:
            channel = create_channel(
                actor=owner,
                name=f"Channel {i}",
                slug=f"load-{i}",
                category="other",
                description="Every evening, with a cup of tea.",
                tags=["english", "friendly"],
            )
            channel.next_title = TITLES[i % len(TITLES)]
            channel.save(update_fields=["next_title"])
            replace_rules(actor=owner, channel=channel, rules=RULES)
        made.append({"slug": channel.slug, "key": reveal_key(actor=owner, channel=channel)})
    return {"channels": made}


def tickets(count: int) -> dict[str, Any]:
    """A websocket ticket for each of the first `count` people; they are good for a minute."""
    from apps.accounts.models import User
    from apps.accounts.tickets import issue
    from tests import factories

    users = User.objects.filter(username__in=[f"load_{i}" for i in range(count)])
    return {"tickets": [issue(sign_in) for sign_in in factories.sign_ins(users)]}


def readers(count: int) -> dict[str, Any]:
    """Session cookies of the `count` newest people, and a channel on air that some thousands watch."""
    from django.conf import settings

    from apps.accounts.models import User
    from apps.streams.models import Broadcast
    from tests.factories import sign_ins

    on_air = Broadcast.objects.on_air().listed().filter(channel__is_mature=False)
    watched = on_air.select_related("channel").order_by("-viewer_count")[3]
    known = sign_ins(User.objects.order_by("-id")[:count])
    cookies = [f"{settings.SESSION_COOKIE_NAME}={each.session_key}" for each in known]
    return {"readers": {"slug": watched.channel.slug, "cookies": cookies}}


def main(verb: str, count: int) -> None:
    """Do `verb` and print what came of it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aethex.settings")
    django.setup()
    print(json.dumps(VERBS[verb](count)))


VERBS = {"people": people, "channels": channels, "tickets": tickets, "readers": readers}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
