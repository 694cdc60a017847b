"""What happens to people: they register, introduce themselves, change how they appear, block each other."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Container
from functools import cache
from typing import IO

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core import images
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, SignInNeeded
from apps.core.events import publish
from apps.core.text import clean, is_visible

from . import names
from .facts import BlockChanged
from .models import Actor, Block, User

AVATAR_SIDE = 512
DISPLAY_NAME_MOST = 40
BIO_MOST = 300
MOST_BLOCKS = 1000

TAKEN = {
    "username": ("USERNAME_TAKEN", "This username is already taken. Choose another one."),
    "email": ("EMAIL_TAKEN", "This email address already has an account. Sign in, or reset its password."),
}


def register_person(*, username: str, email: str, password: str, display_name: str = "") -> User:
    """A new person, with an address that is not verified yet.

    Raises Invalid that names every field at fault, Conflict (USERNAME_TAKEN, EMAIL_TAKEN) when another person
    has the name or the address in any casing.
    """
    user = User(
        username=username, email=email.strip().lower(), display_name=_display_name(display_name, least=0)
    )
    _refuse_together(
        username=lambda: _check_username(user.username),
        email=lambda: _check_email(user.email),
        password=lambda: validate_password(password, user),
    )
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    except IntegrityError:
        # Two may ask for one name at the same moment; the database has let one of them through.
        raise _taken(username=user.username, email=user.email) from None
    return user


def onboard(
    *,
    actor: Actor,
    display_name: str,
    username: str | None = None,
    bio: str = "",
    avatar: IO[bytes] | None = None,
) -> User:
    """The person introduces themselves, once; this is the moment in which the username may still change.

    Raises Invalid or Conflict (USERNAME_TAKEN) that name the field, and Conflict (ALREADY_ONBOARDED) the
    second time.
    """
    person = _person(actor)
    picture = _avatar(avatar)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person.pk)
        if user.is_onboarded:
            raise Conflict(
                "Your profile is set up already. Change it in your settings.", code="ALREADY_ONBOARDED"
            )
        user.display_name = _display_name(display_name, least=1)
        user.bio = clean(bio, field="bio", most=BIO_MOST, lines=True)
        if username is not None and username != user.username:
            _refuse_together(username=lambda: _check_username(username))
            user.username = username
        user.onboarded_at = timezone.now()
        _save_named(user)
        if picture is not None:
            _change_avatar(user, picture)
    return user


def skip_onboarding(*, actor: Actor) -> User:
    """The person wants to go on without introducing themselves; asked once, not at every visit."""
    person = _person(actor)
    User.objects.filter(pk=person.pk, onboarded_at=None).update(onboarded_at=timezone.now())
    person.refresh_from_db(fields=["onboarded_at"])
    return person


def edit_profile(
    *,
    actor: Actor,
    display_name: str | None = None,
    bio: str | None = None,
    color: str | None = None,
    theme: str | None = None,
    language: str | None = None,
    time_zone: str | None = None,
    avatar: IO[bytes] | None = None,
) -> User:
    """The person changes how they appear and how the pages appear to them; None leaves a thing as it is.

    Raises Invalid that names the field.
    """
    person = _person(actor)
    picture = _avatar(avatar)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person.pk)
        if display_name is not None:
            user.display_name = _display_name(display_name, least=1)
        if bio is not None:
            user.bio = clean(bio, field="bio", most=BIO_MOST, lines=True)
        if color is not None:
            user.color = _one_of("color", color.lower(), names.COLORS, "Choose one of the colours shown.")
        if theme is not None:
            user.theme = _one_of("theme", theme, User.Theme.values, "Choose system, dark or light.")
        if language is not None:
            codes = [code for code, _ in settings.LANGUAGES]
            user.language = _one_of("language", language, codes, "Choose one of the languages offered.")
        if time_zone is not None:
            user.time_zone = _one_of(
                "time_zone", time_zone, time_zones(), "Choose a time zone such as Europe/Paris."
            )
        user.save()
        if picture is not None:
            _change_avatar(user, picture)
    return user


def remove_avatar(*, actor: Actor) -> User:
    """The person appears without a picture again."""
    person = _person(actor)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person.pk)
        _change_avatar(user, None)
    return user


def block_person(*, actor: Actor, person: User) -> Block:
    """`actor` wants nothing to do with `person` any more; blocking twice is one block.

    Raises Invalid (OWN_ACCOUNT), Conflict (TOO_MANY_BLOCKS).
    """
    user = _person(actor)
    if person.pk == user.pk:
        raise Invalid("You can't block yourself.", code="OWN_ACCOUNT")
    with transaction.atomic():
        # The person's own row: two tabs count one list.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        block = Block.objects.filter(user=user, blocked=person).first()
        if block is None:
            if Block.objects.filter(user=user).count() >= MOST_BLOCKS:
                raise Conflict(
                    f"You block {MOST_BLOCKS} people, which is the most. Unblock somebody first.",
                    code="TOO_MANY_BLOCKS",
                )
            block = Block.objects.create(user=user, blocked=person)
            publish(BlockChanged(user.pk, person.pk))
    return block


def unblock_person(*, actor: Actor, person: User) -> None:
    """Let `person` near again; where there was no block, nothing changes."""
    user = _person(actor)
    with transaction.atomic():
        removed, _ = Block.objects.filter(user=user, blocked=person).delete()
        if removed:
            publish(BlockChanged(user.pk, person.pk))


@cache
def time_zones() -> frozenset[str]:
    """The names of the time zones that a person may choose."""
    return frozenset(zoneinfo.available_timezones())


def _person(actor: Actor) -> User:
    """The person who acts; raises SignInNeeded for nobody, NotAllowed for a closed account."""
    if not isinstance(actor, User):
        raise SignInNeeded("Sign in first.")
    if not actor.is_active:
        raise NotAllowed("This account is closed.", code="ACCOUNT_CLOSED")
    return actor


def _display_name(value: str, *, least: int) -> str:
    name = clean(value, field="display_name", most=DISPLAY_NAME_MOST, least=least)
    if name and not any(map(is_visible, name)):
        raise Invalid.field("display_name", "Use at least one character that can be seen.")
    return name


def _avatar(upload: IO[bytes] | None) -> ContentFile[bytes] | None:
    if upload is None:
        return None
    return images.reencode(upload, field="avatar", width=AVATAR_SIDE, height=AVATAR_SIDE)


def _one_of(field: str, value: str, allowed: Container[str], reason: str) -> str:
    if value not in allowed:
        raise Invalid.field(field, reason)
    return value


def _check_username(value: str) -> None:
    if not value:
        raise ValidationError("Choose a username.")
    for validator in names.USERNAME_VALIDATORS:
        validator(value)


def _check_email(value: str) -> None:
    if not value:
        raise ValidationError("Type your email address.")
    User._meta.get_field("email").run_validators(value)  # its shape and its length


def _refuse_together(**checks: Callable[[], object]) -> None:
    """Run the check of every field, then refuse all that failed in one Invalid."""
    fields: dict[str, list[str]] = {}
    for name, check in checks.items():
        try:
            check()
        except ValidationError as error:
            fields[name] = list(error.messages)
    if fields:
        raise Invalid(next(iter(fields.values()))[0], fields=fields)


def _save_named(user: User) -> None:
    """Save a person whose username may have changed; raises Conflict when somebody has it."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise _taken(username=user.username, email="") from None


def _taken(*, username: str, email: str) -> DomainError:
    """Which of the two belongs to somebody, as a refusal."""
    name = "username" if User.objects.filter(username__iexact=username).exists() else "email"
    if name == "email" and not User.objects.filter(email=email).exists():
        # Neither is there: the winner of the race was rolled back. Trying again is the way out.
        return Conflict("Something came in between. Try again.", code="TRY_AGAIN")
    code, reason = TAKEN[name]
    return Conflict(reason, code=code, fields={name: [reason]})


def _change_avatar(user: User, picture: ContentFile[bytes] | None) -> None:
    """Put `picture` (or none) in place of the avatar; the old file goes once the change is committed."""
    storage, old = user.avatar.storage, user.avatar.name
    user.avatar = picture or ""
    user.save(update_fields=["avatar"])
    if old:
        transaction.on_commit(lambda: storage.delete(old))
