"""Seconds of encoders, as a node would measure them: a good one, and what may be wrong with it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from apps.streams.media import Sample
from apps.streams.vitals import Audience, Monitor

BEGAN = 1_800_000_000.0
GOOD: dict[str, Any] = {
    "seconds": 1.0,
    "session_id": "one",
    "width": 1920,
    "height": 1080,
    "video_codec": "avc1.640028",
    "frame_rate": 30.0,
    "video_bytes": 730_000,
    "audio_bytes": 20_000,
    "pictures": 30,
    "media_ms": 1000,
    "since_picture_ms": 20,
    "since_media_ms": 5,
    "since_keyframe_ms": 1000,
    "jitter_ms": 3.0,
    "late_min_ms": 0.0,
    "late_max_ms": 30.0,
    "gap_ms": 50,
    "gap_step_ms": 33,
    "has_sound": True,
    "sound_frames": 47,
    "sound_max_bytes": 430,
    "delay_ms": 400,
    "lag_ms": 4,
}


def good(seconds: int, **different: Any) -> list[dict[str, Any]]:
    """So many seconds of a good encoder, a keyframe every other one, with what is `different`."""
    keyframe = {"keyframe_min_ms": 2000, "keyframe_max_ms": 2000}
    return [GOOD | (keyframe if n % 2 else {}) | different for n in range(seconds)]


def away(seconds: int) -> list[dict[str, Any]]:
    """No encoder is connected."""
    return [{"seconds": 1.0, "session_id": None, "lag_ms": 4}] * seconds


def watched(
    seconds: Iterable[dict[str, Any]], audience: Audience | None = None, monitor: Monitor | None = None
) -> Monitor:
    """A monitor after these seconds, judged at each."""
    monitor = monitor or Monitor()
    for number, fields in zip(itertools.count(1), seconds):
        monitor.take(
            Sample(at=fields.get("at", BEGAN + number), **{k: v for k, v in fields.items() if k != "at"})
        )
        monitor.judge(audience or Audience())
    return monitor


def codes(monitor: Monitor) -> set[str]:
    return {alert.code for alert in monitor.alerts}


def standing(seconds: Iterable[dict[str, Any]]) -> list[set[str]]:
    """Which alerts stood, second by second."""
    monitor, stood = Monitor(), []
    for number, fields in zip(itertools.count(1), seconds):
        monitor.take(Sample(at=BEGAN + number, **fields))
        monitor.judge()
        stood.append(codes(monitor))
    return stood


def timeline(seconds: Iterable[dict[str, Any]], code: str) -> list[bool]:
    """Whether the alert stood, second by second."""
    return [code in stood for stood in standing(seconds)]
