"""The verdict: a channel's rules made ready once, then asked for every message."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

import orjson

from . import profanity
from .likeness import Recent
from .links import forbidden_link
from .normal import searched
from .rule import Action, Kind, Rule
from .shape import repeats, shouts
from .terms import TermList, either, pattern_of

_WEIGHT = {action: weight for weight, action in enumerate(Action)}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote, as far as the rules ask. `follow_age_s` is None for who doesn't follow."""

    id: Hashable
    account_age_s: float = 0.0
    follow_age_s: float | None = None
    is_first_message: bool = False
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which rule matched, what follows from it, and where in the message as it was typed."""

    rule: str
    kind: Kind
    action: Action
    timeout_seconds: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """A message as the dry run wants it."""

    id: T
    text: str
    author: Author
    at: float


@dataclass(frozen=True, slots=True)
class _Message:
    text: str
    author: Author
    recent: Recent
    now: float


Span = tuple[int, int] | None
Test = Callable[[_Message], Span]
WordTest = Callable[[str, str], Span]


class Automod:
    """Rules that are ready. Made by `compile`; remembers nothing itself, that is each room's `Recent`."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        on = [rule for rule in rules if rule.is_on]
        # Whether what was said before counts: then `Recent` has to hear of it, whoever judged it.
        self.remembers = any(rule.kind is Kind.SIMILARITY for rule in on)
        heavy_first = sorted(on, key=lambda rule: -_WEIGHT[rule.action])
        permitted = [
            pattern_of(term) for rule in on if rule.kind is Kind.TERMS for term in rule.settings["permitted"]
        ]
        self._tests = [
            (rule, _TESTS[rule.kind](rule.settings)) for rule in heavy_first if rule.kind in _TESTS
        ]
        self._word_tests = [
            (rule, _WORD_TESTS[rule.kind](rule.settings, permitted))
            for rule in heavy_first
            if rule.kind in _WORD_TESTS
        ]

    def judge(self, text: str, author: Author, recent: Recent, now: float) -> Verdict | None:
        """The verdict of the heaviest rule that matches, None when the message may pass.

        `now` is in seconds, by any clock that only goes forward. `recent` remembers the message.
        """
        if author.exempt:
            return None
        message = _Message(text, author, recent, now)
        found = [(rule, span) for rule, test in self._tests if (span := test(message))]
        if self._word_tests:
            readings = searched(text)
            found += [(rule, span) for rule, test in self._word_tests if (span := test(text, readings))]
        if not found:
            return None
        rule, span = max(found, key=lambda one: _WEIGHT[one[0].action])
        return Verdict(rule.key, rule.kind, rule.action, rule.timeout_seconds, span)


def compile(rules: Iterable[Rule]) -> Automod:
    """Make rules ready. A thousand long terms take a second, so the same rules are made ready once a process:
    whoever asks again gets the same object."""
    return _compiled(orjson.dumps(list(rules), option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=64)
def _compiled(encoded: bytes) -> Automod:
    rules = orjson.loads(encoded)
    return Automod(
        Rule(**rule | {"kind": Kind(rule["kind"]), "action": Action(rule["action"])}) for rule in rules
    )


def dry_run(
    rule: Rule, messages: Iterable[Said[T]], others: Iterable[Rule] = ()
) -> Iterator[tuple[T, Verdict]]:
    """What `rule` would have caught of `messages`, given in the order in which they were said.

    Of `others` only the permitted terms count: they would have been asked, too.
    """
    permitted = [
        replace(other, settings=other.settings | {"blocked": [], "patterns": []})
        for other in others
        if other.kind is Kind.TERMS and other.is_on and other.key != rule.key
    ]
    automod = compile([replace(rule, is_on=True), *permitted])
    recent = Recent()
    for said in messages:
        verdict = automod.judge(said.text, said.author, recent, said.at)
        if verdict is not None:
            yield said.id, verdict


def _terms(settings: dict[str, Any], permitted: list[str]) -> WordTest:
    """Blocked terms over the normal form, then safe patterns over what was typed."""
    listed = TermList([pattern_of(term) for term in settings["blocked"]], permitted)
    patterns = either(settings["patterns"])

    def test(text: str, readings: str) -> Span:
        if span := listed.find(text, readings):
            return span
        match = patterns.search(text) if patterns else None
        return match.span() if match else None

    return test


def _profanity(settings: dict[str, Any], permitted: list[str]) -> WordTest:
    return profanity.term_list(**settings).permitting(permitted).find


def _links(settings: dict[str, Any]) -> Test:
    allowed = frozenset(settings["allowed"])
    return lambda message: forbidden_link(message.text, allowed)


def _caps(settings: dict[str, Any]) -> Test:
    return lambda message: _whole(message) if shouts(message.text, **settings) else None


def _repetition(settings: dict[str, Any]) -> Test:
    return lambda message: repeats(message.text, **settings)


def _similarity(settings: dict[str, Any]) -> Test:
    def test(message: _Message) -> Span:
        own, people = message.recent.said_before(
            message.author.id,
            message.text,
            message.now,
            seconds=settings["seconds"],
            likeness=settings["likeness"],
        )
        return _whole(message) if own >= settings["times"] or people >= settings["people"] else None

    return test


def _first_message(settings: dict[str, Any]) -> Test:
    return lambda message: _whole(message) if message.author.is_first_message else None


def _account_age(settings: dict[str, Any]) -> Test:
    return lambda message: _whole(message) if message.author.account_age_s < settings["seconds"] else None


def _follow_age(settings: dict[str, Any]) -> Test:
    def test(message: _Message) -> Span:
        age = message.author.follow_age_s
        return _whole(message) if age is None or age < settings["seconds"] else None

    return test


def _whole(message: _Message) -> tuple[int, int]:
    return 0, len(message.text)


_WORD_TESTS: dict[Kind, Callable[[dict[str, Any], list[str]], WordTest]] = {
    Kind.TERMS: _terms,
    Kind.PROFANITY: _profanity,
}
_TESTS: dict[Kind, Callable[[dict[str, Any]], Test]] = {
    Kind.LINKS: _links,
    Kind.CAPS: _caps,
    Kind.REPETITION: _repetition,
    Kind.SIMILARITY: _similarity,
    Kind.FIRST_MESSAGE: _first_message,
    Kind.ACCOUNT_AGE: _account_age,
    Kind.FOLLOW_AGE: _follow_age,
}
