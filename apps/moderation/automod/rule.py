"""What a rule is: its kind, what it does when it matches, and which settings make sense for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import re2

from apps.core.errors import Invalid

from .links import host_key
from .normal import spelled
from .terms import either

TERM_MOST, TERMS_MOST = 100, 1000
PATTERN_MOST, PATTERNS_MOST = 200, 50
HOSTS_MOST = 200
# A gap inside a word costs the matcher more than a gap at its ends.
INNER_WILDCARDS_MOST = 50
LABEL_MOST = 40
DAY = 24 * 60 * 60
TIMEOUT_MOST = 14 * DAY


class Kind(StrEnum):
    TERMS = "terms"
    PROFANITY = "profanity"
    LINKS = "links"
    CAPS = "caps"
    REPETITION = "repetition"
    SIMILARITY = "similarity"
    FIRST_MESSAGE = "first_message"
    ACCOUNT_AGE = "account_age"
    FOLLOW_AGE = "follow_age"


class Action(StrEnum):
    """In the order of their weight: when several rules match, the heaviest one speaks."""

    HOLD = "hold"
    REFUSE = "refuse"
    TIME_OUT = "time_out"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a channel. `label` tells several lists of terms apart; the other kinds have one rule."""

    kind: Kind
    settings: dict[str, Any] = field(default_factory=dict)
    action: Action = Action.HOLD
    timeout_seconds: int = 0
    is_on: bool = True
    label: str = ""

    @property
    def key(self) -> str:
        """What names the rule inside its channel, such as `terms:spoilers`."""
        return f"{self.kind}:{self.label}" if self.label else str(self.kind)


Check = Callable[[str, Any], Any]


def checked_settings(kind: Kind, given: Any) -> dict[str, Any]:
    """All settings of a rule of this kind; what is not given has its default. Raises Invalid by field."""
    if not isinstance(given, dict):
        raise Invalid.field("settings", "settings must be an object such as {}.")
    checks = _SETTINGS[kind]
    for name in given:
        if name not in checks:
            known = ", ".join(checks) or "none"
            raise Invalid.field(
                f"settings.{name}", f"A rule of kind {kind} has no such setting. It has: {known}."
            )
    return {
        name: check(f"settings.{name}", given[name]) if name in given else copy(default)
        for name, (check, default) in checks.items()
    }


def _whole(low: int, high: int) -> Check:
    def check(name: str, value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise Invalid.field(name, f"{name} must be a whole number from {low} to {high}.")
        return value

    return check


def _share(name: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0.3 <= value <= 1:
        raise Invalid.field(name, f"{name} must be a number from 0.3 to 1.")
    return float(value)


def _texts(name: str, value: Any, *, most: int, length: int) -> Iterable[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid.field(name, f"{name} must be a list of texts.")
    if len(value) > most:
        raise Invalid.field(name, f"{name} can have at most {most} entries ({len(value)} now).")
    # NUL stands for nothing anybody types, and not every database stores it.
    for item in dict.fromkeys(" ".join(item.replace("\0", " ").split()) for item in value):
        if len(item) > length:
            raise Invalid.field(name, f"“{item[:20]}…” is too long: use at most {length} characters.")
        if item:
            yield item


def _terms(name: str, value: Any) -> list[str]:
    terms = list(_texts(name, value, most=TERMS_MOST, length=TERM_MOST))
    for term in terms:
        if not spelled(term.replace("*", " ")):
            raise Invalid.field(name, f"“{term}” has no letter, digit or emoji to look for.")
    if sum("*" in term.strip("*") for term in terms) > INNER_WILDCARDS_MOST:
        raise Invalid.field(name, f"At most {INNER_WILDCARDS_MOST} terms can have a * between letters.")
    return terms


def _patterns(name: str, value: Any) -> list[str]:
    patterns = list(_texts(name, value, most=PATTERNS_MOST, length=PATTERN_MOST))
    for pattern in patterns:
        refuse = _pattern_fault(pattern)
        if refuse:
            raise Invalid.field(name, f"“{pattern}” {refuse}")
    try:
        # They are run as one, which may be too much of what each alone is not.
        either(patterns)
    except re2.error:
        raise Invalid.field(
            name, "Together these patterns are too large to run. Shorten some of them, or take some away."
        ) from None
    return patterns


def _pattern_fault(pattern: str) -> str:
    try:
        # In brackets, as it will be run beside others: what doesn't end before the bracket is refused.
        compiled = re2.compile(f"(?i:{pattern})", _quiet())
    except re2.error as error:
        reason = error.args[0]
        words = reason.decode() if isinstance(reason, bytes) else str(reason)
        return f"is not a pattern we can run ({words}). See the RE2 syntax."
    return "matches everything. Make it name something." if compiled.search("") else ""


def _quiet() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return options


def _hosts(name: str, value: Any) -> list[str]:
    hosts = [host_key(host) for host in _texts(name, value, most=HOSTS_MOST, length=253)]
    for host in hosts:
        if not re.fullmatch(r"(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", host):
            raise Invalid.field(name, f"“{host[:60]}” is not a domain. Write it like example.com.")
    return hosts


_LEVEL = _whole(0, 4)
_SETTINGS: dict[Kind, dict[str, tuple[Check, Any]]] = {
    Kind.TERMS: {"blocked": (_terms, []), "permitted": (_terms, []), "patterns": (_patterns, [])},
    Kind.PROFANITY: {"hate": (_LEVEL, 2), "sexual": (_LEVEL, 0), "profanity": (_LEVEL, 0)},
    Kind.LINKS: {"allowed": (_hosts, [])},
    Kind.CAPS: {"share": (_share, 0.7), "least": (_whole(4, 500), 15)},
    Kind.REPETITION: {
        "characters": (_whole(4, 500), 25),
        "words": (_whole(3, 250), 8),
        "emoji": (_whole(3, 500), 25),
    },
    Kind.SIMILARITY: {
        "seconds": (_whole(5, 600), 30),
        "times": (_whole(2, 20), 3),
        "people": (_whole(2, 100), 8),
        "likeness": (_share, 0.8),
    },
    Kind.FIRST_MESSAGE: {},
    Kind.ACCOUNT_AGE: {"seconds": (_whole(60, 365 * DAY), DAY)},
    Kind.FOLLOW_AGE: {"seconds": (_whole(0, 90 * DAY), 600)},
}

# What stands in a channel that has changed nothing: hate is held for a moderator, floods are refused.
_ON_BY_DEFAULT = {
    Kind.PROFANITY: Action.HOLD,
    Kind.REPETITION: Action.REFUSE,
    Kind.SIMILARITY: Action.REFUSE,
}
DEFAULTS: dict[Kind, Rule] = {
    kind: Rule(
        kind=kind,
        settings=checked_settings(kind, {}),
        action=_ON_BY_DEFAULT.get(kind, Action.HOLD if kind is Kind.FIRST_MESSAGE else Action.REFUSE),
        is_on=kind in _ON_BY_DEFAULT,
    )
    for kind in Kind
}
