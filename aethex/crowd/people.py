"""People of the crowd. None of them can sign in by password."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

from apps.accounts.models import PersonFollow, User
from apps.accounts.names import COLORS

from .tables import fill, id_of
from .words import ABOUT, FIRST, LANGUAGES, SECOND

YEARS = timedelta(days=3 * 365)
FRIENDS_EACH = 1


def join(count: int, now: datetime, dice: Random, seed: int) -> list[User]:
    """`count` people who joined over the last three years, the oldest first, and whom of the others each
    follows."""
    made = [_person(number, now - YEARS + YEARS * (number / count), dice, seed) for number in range(count)]
    follows = _follows(made, dice)
    fill(User, made)
    fill(PersonFollow, follows)
    fill(
        EmailAddress,
        (EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in made),
    )
    return made


def _follows(people: list[User], dice: Random) -> list[PersonFollow]:
    """Counted on the people: a few are known to many, most to a few."""
    fame = list(accumulate(1 / (rank + 3) for rank in range(len(people))))
    by_fame = dice.sample(people, len(people))
    made: list[PersonFollow] = []
    for person in people:
        wished = dice.choices(by_fame, cum_weights=fame, k=dice.randint(0, 2 * FRIENDS_EACH))
        liked = {other.pk: other for other in wished if other is not person}
        person.following_count = len(liked)
        for other in liked.values():
            since = max(person.date_joined, other.date_joined)
            other.follower_count += 1
            made.append(
                PersonFollow(id=id_of(since, dice), follower=person, followed=other, created_at=since)
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
