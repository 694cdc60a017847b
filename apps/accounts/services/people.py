"""How people come in: they register and introduce themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts import names
from apps.accounts.models import Actor, User
from apps.accounts.policies import acting
from apps.core.errors import Conflict, DomainError, Invalid

from .deletion import is_retired
from .profiles import change_picture, checked_bio, checked_display_name, checked_picture, guesses

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
        username=username,
        email=email.strip().lower(),
        display_name=checked_display_name(display_name, least=0),
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
    language: str = "",
    time_zone: str = "",
) -> User:
    """The person introduces themselves, once; this is the moment in which the username may still change.

    `language` and `time_zone` are their browser's guess: one that is not offered is left aside.

    Raises Invalid or Conflict (USERNAME_TAKEN) that name the field, and Conflict (ALREADY_ONBOARDED) the
    second time.
    """
    person = acting(actor)
    picture = checked_picture("avatar", avatar) if avatar else None
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person.pk)
        if user.is_onboarded:
            raise Conflict(
                "Your profile is set up already. Change it in your settings.", code="ALREADY_ONBOARDED"
            )
        user.display_name = checked_display_name(display_name)
        user.bio = checked_bio(bio)
        for field, guess in guesses(language=language, time_zone=time_zone).items():
            setattr(user, field, guess)
        if username is not None and username != user.username:
            _refuse_together(username=lambda: _check_username(username))
            user.username = username
        user.onboarded_at = timezone.now()
        _save_named(user)
        if picture is not None:
            change_picture(user, "avatar", picture)
    return user


def skip_onboarding(*, actor: Actor, language: str = "", time_zone: str = "") -> User:
    """The person wants to go on without introducing themselves; asked once, not at every visit."""
    person = acting(actor)
    guessed = guesses(language=language, time_zone=time_zone)
    User.objects.filter(pk=person.pk, onboarded_at=None).update(onboarded_at=timezone.now(), **guessed)
    person.refresh_from_db(fields=["onboarded_at", *guessed])
    return person


def _check_username(value: str) -> None:
    if not value:
        raise ValidationError("Choose a username.")
    for validator in names.USERNAME_VALIDATORS:
        validator(value)
    if is_retired(value):
        raise ValidationError(str(TAKEN["username"][1]))


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
