"""How much a sign-up looks like a machine's, and what follows.

Each sign has points. Nobody is turned away for them: who has too many only has to confirm their address
before they do anything that others see. Turned away is who comes too fast, from one network or everywhere.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core import signing

from apps.core import audit
from apps.core.addresses import is_here, prefix_of
from apps.core.errors import TooMany
from apps.core.ratelimit import Limit

from .models import User

POINTS = {"trap": 5, "disposable_address": 3, "crowd": 3, "haste": 2, "odd_name": 1}
HASTE_SECONDS = 3.0
SALT = "accounts.sign-up"

NETWORK = Limit("signup-network", settings.SIGNUP_NETWORK_RATE)
SITE = Limit("signup-site", settings.SIGNUP_SITE_RATE)
CROWD = Limit("signup-crowd", settings.SIGNUP_CROWD_RATE)


@dataclass(frozen=True, slots=True)
class SignUp:
    """What is known of one: `trap` is what stood in the field that no person sees, `seconds` how long the
    form was open (None where there was no form), `is_crowd` whether many came from the same network."""

    username: str
    email: str
    trap: str = ""
    seconds: float | None = None
    is_crowd: bool = False


def admit(address: str) -> bool:
    """Let one more sign-up from this network address begin, and tell whether it is one of a crowd. Raises
    TooMany past the limits of its network or of the whole site."""
    network = "" if is_here(address) else prefix_of(address)
    wait = SITE.take("") or (NETWORK.take(network) if network else 0.0)
    if wait:
        raise TooMany("Too many people sign up at the moment. Try again later.", retry_after=wait)
    return bool(network and CROWD.take(network))


def signs_of(sign_up: SignUp) -> list[str]:
    """The signs that there are, as in POINTS."""
    signs = {
        "trap": bool(sign_up.trap),
        "disposable_address": is_disposable(sign_up.email),
        "crowd": sign_up.is_crowd,
        "haste": sign_up.seconds is not None and sign_up.seconds < HASTE_SECONDS,
        "odd_name": is_odd(sign_up.username),
    }
    return [name for name, is_there in signs.items() if is_there]


def vet(user: User, sign_up: SignUp) -> None:
    """Hold back a new person for what their sign-up looks like, in the transaction that makes them."""
    signs = signs_of(sign_up)
    score = sum(POINTS[sign] for sign in signs)
    if score < settings.SIGNUP_SUSPICION:
        return
    user.must_verify = True
    user.save(update_fields=["must_verify"])
    audit.record(actor=user, action="account.held_back", subject=user, signs=signs, score=score)


def stamp() -> str:
    """When a form was handed out, for a hidden field of it."""
    return signing.dumps(time.time(), salt=SALT)


def seconds_since(stamped: str) -> float:
    """How long ago that was; 0 for a stamp that is none of ours."""
    try:
        return max(0.0, time.time() - float(signing.loads(stamped, salt=SALT)))
    except (signing.BadSignature, TypeError, ValueError):
        return 0.0


def is_disposable(email: str) -> bool:
    """Whether the address is of a service, or below one, that gives mailboxes to anybody for some minutes."""
    labels = email.rpartition("@")[2].lower().split(".")
    return any(".".join(labels[place:]) in _disposable() for place in range(len(labels) - 1))


def is_odd(username: str) -> bool:
    """Whether it looks made up by a program: many digits behind letters, or long and without a vowel."""
    return bool(re.search(r"[A-Za-z]\d{5,}\Z", username) or re.fullmatch(r"[^aeiouyAEIOUY_]{9,}", username))


@cache
def _disposable() -> frozenset[str]:
    known = (Path(__file__).parent / "disposable_domains.txt").read_text().split()
    return frozenset(known) | {domain.lower() for domain in settings.DISPOSABLE_DOMAINS}
