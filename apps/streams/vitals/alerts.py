"""Alerts begin and end with patience, so that they do not flicker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .blame import Fault
from .rules import RULES, Rule, Severity, Topic
from .window import Window


@dataclass(frozen=True, slots=True)
class Mark:
    """Where one rule stands. `began_at` is None while the finding is too young to be an alert."""

    words: str
    found_at: float
    seen_at: float
    began_at: float | None


Marks = Mapping[str, Mark]


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to know: what, how bad, whose, since when (epoch seconds), and what helps."""

    code: str
    topic: Topic
    severity: Severity
    fault: Fault
    since: float
    title: str
    cure: str


def judge(window: Window, marks: Marks) -> Marks:
    """Where all rules stand now, from where they stood."""
    now = window.now.at
    judged = {rule.code: _judge(rule, window, marks.get(rule.code), now) for rule in RULES}
    return {code: mark for code, mark in judged.items() if mark is not None}


def _judge(rule: Rule, window: Window, mark: Mark | None, now: float) -> Mark | None:
    stands = mark is not None and mark.began_at is not None
    words = rule.look(window, stands)
    if words:
        found_at = mark.found_at if mark else now
        began_at = mark.began_at if mark else None
        if began_at is None and now - found_at >= rule.after:
            began_at = found_at
        return Mark(words, found_at, now, began_at)
    # A finding that comes and goes is none; an alert stays until it has been quiet for a while.
    return mark if mark is not None and stands and now - mark.seen_at < rule.until else None


def alerts(marks: Marks) -> list[Alert]:
    """Those that stand, the worst first."""
    order = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
    standing = [
        Alert(rule.code, rule.topic, rule.severity, rule.fault, mark.began_at, mark.words, rule.cure)
        for rule in RULES
        if (mark := marks.get(rule.code)) is not None and mark.began_at is not None
    ]
    return sorted(standing, key=lambda alert: order.index(alert.severity))
