"""Whether an account is open. Everybody asks `is_active`; here it follows from why the account is shut."""

from __future__ import annotations

import time
import uuid
from datetime import datetime

from django.http import HttpRequest

from apps.core.errors import NotAllowed, NotFound
from apps.core.events import publish

from .facts import AccountOpened, AccountShut
from .middleware import zone_named
from .models import User
from .sessions import end_sessions_of

SHUT = "shut_account"
SHUT_SECONDS = 15 * 60


def hold_person(person_id: uuid.UUID) -> User:
    """The person as they are now, their row held until the transaction ends; NotFound when they are gone."""
    # Not the key: rows that point here, such as a message, need not wait.
    held = User.objects.select_for_update(no_key=True).filter(pk=person_id).first()
    if held is None:
        raise NotFound("There is no such person.", code="PERSON_NOT_FOUND")
    return held


def settle(user: User) -> None:
    """Save why the account of a held person is shut, and shut or open it by that."""
    was_open = user.is_active
    user.is_active = user.suspended_at is None and user.deletion_at is None
    user.save(
        update_fields=["is_active", "suspended_at", "suspended_until", "suspension_reason", "deletion_at"]
    )
    if was_open and not user.is_active:
        end_sessions_of(user)
        publish(AccountShut(user.pk))
    elif user.is_active and not was_open:
        publish(AccountOpened(user.pk))


def why_shut(user: User) -> NotAllowed:
    """What a person reads who has proved that this account, which is shut, is theirs."""
    if user.deletion_at is not None:
        return NotAllowed(
            f"This account will be deleted on {_date(user, user.deletion_at)}. To keep it, send keepAccount, "
            "or sign in on the website.",
            code="ACCOUNT_CLOSING",
        )
    if user.suspended_at is not None:
        end = user.suspended_until
        until = f"until {_date(user, end)}" if end else "until further notice"
        return NotAllowed(
            f"This account is suspended {until}. {user.suspension_reason}", code="ACCOUNT_SUSPENDED"
        )
    return NotAllowed(
        "This account is closed. Write to us if you think that this is a mistake.", code="ACCOUNT_CLOSED"
    )


def _date(user: User, at: datetime) -> str:
    return f"{at.astimezone(zone_named(user.time_zone)):%d %B %Y, %H:%M %Z}"


def remember_shut(request: HttpRequest, user: User) -> None:
    """Note in the browser's session that its person has proved this account theirs, though it is shut."""
    request.session[SHUT] = {"user": str(user.pk), "at": time.time()}


def shut_account(request: HttpRequest) -> User | None:
    """The shut account that the browser's person has proved theirs a moment ago; None when there is none, or
    it is open by now."""
    noted = request.session.get(SHUT)
    if not noted or time.time() - noted["at"] > SHUT_SECONDS:
        return None
    return User.objects.filter(pk=noted["user"], is_active=False).first()
