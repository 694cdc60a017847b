"""Finding people by what others know of them."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from typing import NoReturn

from apps.core.errors import Invalid, NotFound

from .models import User
from .names import USERNAME_PATTERN


def find_person(username_or_id: str) -> User:
    """The person of this id, or of this username in any casing; NotFound for nobody.

    Closed accounts are found, too.
    """
    with suppress(ValueError):
        # A username is too short to look like an id.
        found = User.objects.filter(pk=uuid.UUID(username_or_id)).first()
        return found or _nobody()
    return _of_name(username_or_id) or _nobody()


def named_person(username: object, *, field: str = "username") -> User:
    """The person whose username somebody typed, with or without the @.

    Raises Invalid that names `field` for nobody and for a closed account.
    """
    typed = username.strip().removeprefix("@") if isinstance(username, str) else ""
    if not typed:
        raise Invalid.field(field, "Type a username.")
    found = _of_name(typed)
    if found is None or not found.is_active:
        raise Invalid.field(field, "There is nobody with this username. Check how it is spelled.")
    return found


def _of_name(username: str) -> User | None:
    # What can't be a username is not looked up: it may be of any length, or hold what no database stores.
    if not re.match(USERNAME_PATTERN, username):
        return None
    return User.objects.filter(username__iexact=username).first()


def _nobody() -> NoReturn:
    raise NotFound("There is no such person.", code="PERSON_NOT_FOUND")
