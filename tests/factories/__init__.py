"""The cast and its things, made plainly: name what matters to the test, the rest is filled in."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from allauth.headless.tokens.strategies.jwt.internal import session_key_to_sid
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts import tickets
from apps.accounts.models import User
from apps.accounts.sessions import SignIn
from apps.channels.models import Channel
from apps.channels.services import create_channel
from apps.streams import services as streams
from apps.streams.models import Broadcast

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"


def person(username: str = "", **fields: Any) -> User:
    username = username or f"person{next(_numbers)}"
    return User.objects.create_user(
        username=username, email=f"{username}@example.org", password=PASSWORD, **fields
    )


def sign_ins(people: Iterable[User]) -> list[SignIn]:
    """Each of `people` is signed in somewhere."""
    store, ends = SessionStore(), timezone.now() + timedelta(days=1)
    sign_ins, rows = [], []
    for each in people:
        data = {
            SESSION_KEY: str(each.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: each.get_session_auth_hash(),
        }
        sign_ins.append(SignIn(each.pk, secrets.token_hex(16)))
        key = sign_ins[-1].session_key
        rows.append(Session(session_key=key, session_data=store.encode(data), expire_date=ends))
    Session.objects.bulk_create(rows, batch_size=500)
    places = [
        UserSession(user_id=each.user_id, session_key=each.session_key, ip="127.0.0.1", user_agent="")
        for each in sign_ins
    ]
    UserSession.objects.bulk_create(places, batch_size=500)
    return sign_ins


def viewer(who: User | None = None) -> streams.Viewer:
    """Who asks for a picture: this person, or nobody in particular."""
    return streams.Viewer(who or AnonymousUser(), "viewer-1")


def claims(who: User) -> dict[str, str]:
    """What the access token of somebody who has just signed in says of their session."""
    return {"sid": session_key_to_sid(sign_ins([who])[0].session_key)}


def ticket(who: User) -> str:
    """A ticket for a socket of somebody who has just signed in."""
    return tickets.issue(sign_ins([who])[0])


def channel(owner: User | None = None, name: str = "", **fields: Any) -> Channel:
    return create_channel(actor=owner or person(), name=name or f"Channel number {next(_numbers)}", **fields)


def publishing(channel: Channel, session: str = "session-1", node: str = "ingest-1") -> Broadcast:
    """The channel's encoder has published and is admitted; nothing can be played yet."""
    key = streams.reveal_key(actor=channel.owner, channel=channel)
    return streams.claim_publish(
        key=key, session_id=session, node=node, address="127.0.0.1", silent_for=lambda stream_id: None
    )


def live(channel: Channel, session: str = "session-1") -> Broadcast:
    """The channel is live, as if an encoder were sending to another node."""
    broadcast = publishing(channel, session, node="elsewhere")
    assert streams.start_broadcast(broadcast_id=broadcast.pk, session_id=session, video={})
    return Broadcast.objects.with_channel().get(pk=broadcast.pk)
