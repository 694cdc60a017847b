"""People of the crowd. None of them can sign in by password."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

from apps.accounts.models import User
from apps.accounts.names import COLORS

from .tables import fill, id_of
from .words import ABOUT, FIRST, LANGUAGES, SECOND

YEARS = timedelta(days=3 * 365)


def join(count: int, now: datetime, dice: Random, seed: int) -> list[User]:
    """`count` people who joined over the last three years, the oldest first."""
    made = [_person(number, now - YEARS + YEARS * (number / count), dice, seed) for number in range(count)]
    fill(User, made)
    fill(
        EmailAddress,
        (EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in made),
    )
    return made


def _person(number: int, joined: datetime, dice: Random, seed: int) -> User:
    first, second = dice.choice(FIRST), dice.choice(SECOND)
    username = f"{first}_{second}{number}" + (f"_{seed}" if seed else "")
    return User(
        id=id_of(joined, dice),
        username=username,
        display_name=f"{first} {second}".capitalize() if dice.random() < 0.8 else "",
        email=f"{username}@example.org",
        password=UNUSABLE_PASSWORD_PREFIX + f"{dice.getrandbits(160):040x}",
        bio=dice.choice(ABOUT) if dice.random() < 0.3 else "",
        color=dice.choice(COLORS),
        language=dice.choice(LANGUAGES),
        is_verified=dice.random() < 0.01,
        date_joined=joined,
        last_login=joined + timedelta(days=dice.random() * 30),
        onboarded_at=joined + timedelta(minutes=2),
    )
