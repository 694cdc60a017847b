"""The verdict of a pre-flight: topic by topic, what the encoder sends and whether it is fit to go live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from .alerts import Alert
from .rules import Severity, Topic
from .window import Window

SECONDS = 12
"""Of pictures, until the slowest rule has seen enough."""


class Grade(StrEnum):
    """Of a topic or of the whole; MEASURING is the whole's alone."""

    MEASURING = "measuring"
    GOOD = "good"
    HINT = "hint"
    WARNING = "warning"
    BAD = "bad"


_GRADES = {Severity.INFO: Grade.HINT, Severity.WARNING: Grade.WARNING, Severity.CRITICAL: Grade.BAD}
_WORST_LAST = list(Grade)


@dataclass(frozen=True, slots=True)
class Finding:
    topic: Topic
    grade: Grade
    figure: str
    """What was measured."""
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    grade: Grade
    seconds_left: int
    findings: tuple[Finding, ...]


def _picture(window: Window) -> str:
    now = window.now
    return f"{now.width} × {now.height}, H.264 {window.profile} {window.level}" if now.width else ""


def _sound(window: Window) -> str:
    return {"present": "AAC sound is there", "quiet": "AAC, but silent", "none": "None"}[window.sound]


_FIGURES: dict[Topic, Callable[[Window], str]] = {
    Topic.CONNECTION: lambda window: f"{window.now.jitter_ms:.0f} ms jitter",
    Topic.PICTURE: _picture,
    Topic.FRAMES: lambda window: f"{window.fps:.1f} a second" if window.fps else "",
    Topic.BITRATE: lambda window: f"{window.kbps:,} kbps",
    Topic.KEYFRAMES: lambda window: f"Every {window.keyframe_ms / 1000:.1f} s" if window.keyframe_ms else "",
    Topic.DELAY: lambda window: f"{window.reorder_ms} ms by B-frames" if window.reorder_ms else "No B-frames",
    Topic.SOUND: _sound,
}


def verdict(window: Window, alerts: Sequence[Alert]) -> Verdict:
    """What is to be said of the encoder that is connected now."""
    findings = tuple(_finding(topic, window, alerts) for topic in _FIGURES)
    left = max(0, ceil(SECONDS - window.seconds))
    worst = max((finding.grade for finding in findings), key=_WORST_LAST.index)
    return Verdict(Grade.MEASURING if left else worst, left, findings)


def _finding(topic: Topic, window: Window, alerts: Sequence[Alert]) -> Finding:
    mine = tuple(alert for alert in alerts if alert.topic is topic)
    grade = max((_GRADES[alert.severity] for alert in mine), key=_WORST_LAST.index, default=Grade.GOOD)
    return Finding(topic, grade, _FIGURES[topic](window), mine)
