"""Everybody who may knock at a route, and a channel in which there is something behind each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import block_person
from apps.channels import services as channels
from apps.channels.models import Channel
from apps.engagement.models import Raid
from apps.notifications.services import unsubscribe_url
from apps.streams import services as streams
from tests import factories
from tests.chat import powers

from .cast import MEMBERS, Who

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class Scene:
    """`browsers` are signed in as each of the cast; `names` are what addresses are made of."""

    channel: Channel
    cast: dict[Who, Any]
    names: dict[str, str]
    browsers: dict[Who, Client] = field(default_factory=dict)

    def address(self, pattern: str, at: dict[str, str]) -> str:
        """The route with what this scene has for each of its parts: for `<uuid:person>` what is called
        `uuid:person` in `names`, else `person`; `at` calls a part otherwise."""

        def part(match: re.Match[str]) -> str:
            kind, name = match[1] or "", match[2]
            if name in at:
                return self.names[at[name]]
            return self.names.get(kind + name) or self.names[name]

        return re.sub(r"<(\w+:)?(\w+)>", part, pattern)


def set_scene(channel: Channel) -> Scene:
    """The scene of the verbs of chat and moderation, with more people in it and more to be done."""
    made = powers.set_scene(channel)
    cast: dict[Who, Any] = {Who(who.value): person for who, person in made.cast.items() if who in list(Who)}
    cast[Who.MEMBER] = made.cast[powers.Who.STRANGER]
    for who in (Who.SUSPENDED, Who.UNVERIFIED, Who.FOLLOWER, Who.BLOCKED, Who.RIVAL, Who.SUPERUSER):
        cast[who] = factories.person(who.value)
    cast[Who.BANNED] = made.banned
    cast[Who.SUPERUSER].is_staff = cast[Who.SUPERUSER].is_superuser = True
    owner = channel.owner
    channels.follow_channel(actor=cast[Who.FOLLOWER], channel=channel)
    block_person(actor=owner, person=cast[Who.BLOCKED])
    quiet = factories.channel(owner, "Quiet room")
    theirs = factories.channel(cast[Who.RIVAL], "Day drive")
    cast[Who.SUSPENDED].is_active = False
    for who in (Who.SUSPENDED, Who.SUPERUSER):
        cast[who].save()
    for who in MEMBERS - {Who.UNVERIFIED}:
        person = cast[who]
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    # Who has not verified an address has just come in, and was not welcomed yet.
    User.objects.exclude(pk=cast[Who.UNVERIFIED].pk).update(onboarded_at=channel.created_at)
    here = {"actor": owner, "channel": channel}
    invitation = channels.invite_helper(**here, username="stranger", role="vip")
    target = streams.add_target(**here, name="Elsewhere", url="rtmp://93.184.216.34/app", key="key")
    show, its = (
        streams.create_show(actor=owner, channel=place, name="Jam", title_pattern="Jam {n}")
        for place in (channel, quiet)
    )
    orbit = Channel.objects.get(slug="orbit")
    raid = Raid.objects.create(source=quiet, target=orbit, due_at=timezone.now() + timedelta(hours=1))
    next_week = timezone.now().date() + timedelta(days=7)
    scheduled = channels.schedule_broadcast(
        **here, title="Modular", first_on=next_week, start_time=time(18), time_zone="UTC", duration_minutes=60
    )
    letters_end = unsubscribe_url(channel_id=channel.pk, user_id=cast[Who.FOLLOWER].pk)
    names = made.names | {
        "scheduled": str(scheduled.pk), "on": next_week.isoformat(), "token": letters_end.rpartition("/")[2],
        "owner": owner.username, "slug": channel.slug,
        "quiet": quiet.slug, "quiet_id": str(quiet.pk), "rival": theirs.slug,
        "uuid:person": str(made.target.pk), "helper": str(made.colleague.pk), "subject": str(made.target.pk),
        "invitation": str(invitation.pk), "entry": made.names["entry_id"],
        "warning": made.names["warning_id"], "report": made.names["report_id"],
        "plea": made.names["request_id"], "target": str(target.pk), "show": str(show.pk),
        "quiet_show": str(its.pk), "kind": "terms", "caps": "caps",
        "letter": "code", "section": "channels", "category": "music",
        "raid": str(raid.pk), "blocked": str(orbit.pk),
        # What nobody has: letters' keys, a passkey, a hosted provider, a playback grant.
        "key": "abc", "uidb36": "abc", "pk": "1", "provider": "mux", "grant": "none", "name": "000000.webp",
    }  # fmt: skip
    scene = Scene(channel, cast, names)
    scene.browsers = {who: _browser(person) for who, person in cast.items()}
    return scene


def _browser(person: Any) -> Client:
    browser = Client()
    if not isinstance(person, AnonymousUser):
        browser.force_login(person, backend=BACKEND)
    return browser
