"""Where people are signed in: sessions of browsers and API clients, how long they hold, what ends them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from allauth.headless.tokens.strategies.jwt import internal
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.core.events import publish

from .facts import SessionsEnded
from .models import User


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person, and the key of the session by which they are signed in."""

    user_id: uuid.UUID
    session_key: str


def sign_in_of(request: Any) -> SignIn | None:
    """How the sender of this request (of a page or the API) is signed in; None for nobody, and for a caller
    without a session."""
    if not request.user.is_authenticated:
        return None
    claims = getattr(request, "auth", None)
    if isinstance(claims, dict):
        key = internal.session_key_from_sid(claims["sid"])
    else:
        key = request.session.session_key
    return SignIn(request.user.pk, key) if key else None


def standing(sign_ins: Collection[SignIn]) -> set[SignIn]:
    """Those that hold: the session is there and theirs, was begun with today's password, and the account is
    open. Two queries for however many; blocks."""
    people = User.objects.filter(is_active=True).only("password").in_bulk({each.user_id for each in sign_ins})
    alive = Session.objects.filter(
        session_key__in={each.session_key for each in sign_ins}, expire_date__gt=timezone.now()
    )
    store = SessionStore()
    held = {key: store.decode(data) for key, data in alive.values_list("session_key", "session_data")}
    return {each for each in sign_ins if _holds(people.get(each.user_id), held.get(each.session_key))}


def end_session(session_key: str) -> None:
    """Sign out one session, its tokens and its sockets included; one that is gone stays so."""
    with transaction.atomic():
        _forget([session_key])


def end_sessions_of(user: User) -> None:
    """Sign a person out everywhere."""
    with transaction.atomic():
        _forget(UserSession.objects.filter(user=user).values_list("session_key", flat=True))


def forget_ended_sessions() -> int:
    """Remove sessions whose time is over, and their places in the list of sessions; how many there were."""
    ended, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    # Not NOT IN: with more sessions than PostgreSQL hashes in memory each place is compared with all of them.
    session = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(session)).delete()
    return ended


class SessionsAdapter(DefaultUserSessionsAdapter):
    """django-allauth's list of sessions, ended by our verb."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        with transaction.atomic():
            _forget([session.session_key for session in sessions])


def _forget(session_keys: Iterable[str]) -> None:
    keys = list(session_keys)
    places = UserSession.objects.filter(session_key__in=keys)
    people = set(places.values_list("user_id", flat=True))
    places.delete()
    Session.objects.filter(session_key__in=keys).delete()
    for user_id in people:
        publish(SessionsEnded(user_id))


def _holds(user: User | None, session: dict[str, Any] | None) -> bool:
    if user is None or session is None or session.get(SESSION_KEY) != str(user.pk):
        return False
    begun_with = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(begun_with, each) for each in hashes)
