"""How people appear, and how pages appear to them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Container
from functools import cache
from typing import IO, Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from apps.accounts import names
from apps.accounts.models import Actor, User
from apps.accounts.policies import acting
from apps.core import images
from apps.core.errors import Invalid
from apps.core.files import let_go
from apps.core.links import checked_links
from apps.core.text import clean, is_visible

DISPLAY_NAME_MOST = 40
BIO_MOST = 300
SIZES = {"avatar": (512, 512), "banner": (1600, 400)}


def edit_profile(*, actor: Actor, **changes: Any) -> User:
    """The person changes any of display_name, bio, links, color, avatar, banner, privacy, shows_online,
    theme, language and time_zone; what is not named stays.

    `avatar` and `banner` take an upload (`images.Cropped` for a part of it), or None to go without. All that
    is named changes, or nothing: raises Invalid that names the field.
    """
    person = acting(actor)
    checked = {field: _CHECKS[field](value) for field, value in changes.items()}
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person.pk)
        pictures = {field: checked.pop(field) for field in SIZES if field in checked}
        for field, value in checked.items():
            setattr(user, field, value)
        if checked:
            user.save(update_fields=list(checked))
        for field, picture in pictures.items():
            change_picture(user, field, picture)
    return user


def change_picture(user: User, field: str, picture: ContentFile[bytes] | None) -> None:
    """Put `picture` (or none) in place of the avatar or banner; the old file goes once that is committed."""
    let_go(user, field)
    setattr(user, field, picture or "")
    user.save(update_fields=[field])


def checked_picture(field: str, upload: IO[bytes] | None) -> ContentFile[bytes] | None:
    """The upload as it is stored; raises Invalid that names `field`."""
    if upload is None:
        return None
    width, height = SIZES[field]
    return images.reencode(upload, field=field, width=width, height=height)


def checked_display_name(value: str, *, least: int = 1) -> str:
    name = clean(value, field="display_name", most=DISPLAY_NAME_MOST, least=least)
    if name and not any(map(is_visible, name)):
        raise Invalid.field("display_name", "Use at least one character that can be seen.")
    return name


def checked_bio(value: str) -> str:
    return clean(value, field="bio", most=BIO_MOST, lines=True)


def guesses(*, language: str, time_zone: str) -> dict[str, str]:
    """What a browser says of its person, as far as it is something that they could choose."""
    offered = {"language": languages(), "time_zone": time_zones()}
    guessed = {"language": language, "time_zone": time_zone}
    return {field: guess for field, guess in guessed.items() if guess in offered[field]}


@cache
def time_zones() -> frozenset[str]:
    """The names of the time zones that a person may choose."""
    return frozenset(zoneinfo.available_timezones())


@cache
def languages() -> frozenset[str]:
    """The codes of the languages that a person may choose."""
    return frozenset(code for code, _ in settings.LANGUAGES)


def _one_of(field: str, offered: Callable[[], Container[str]], rule: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in offered():
            raise Invalid.field(field, rule)
        return value

    return check


def _checked_color(value: str) -> str:
    color = value.lower() if isinstance(value, str) else ""
    return _one_of("color", lambda: names.COLORS, "Choose one of the colours shown.")(color)


def _checked_shows_online(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid.field("shows_online", "Say true or false.")
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "display_name": checked_display_name,
    "bio": checked_bio,
    "links": checked_links,
    "color": _checked_color,
    "avatar": lambda upload: checked_picture("avatar", upload),
    "banner": lambda upload: checked_picture("banner", upload),
    "privacy": _one_of("privacy", lambda: User.Privacy.values, "Choose public, friends or private."),
    "shows_online": _checked_shows_online,
    "theme": _one_of("theme", lambda: User.Theme.values, "Choose system, dark or light."),
    "language": _one_of("language", languages, "Choose one of the languages offered."),
    "time_zone": _one_of("time_zone", time_zones, "Choose a time zone such as Europe/Paris."),
}
