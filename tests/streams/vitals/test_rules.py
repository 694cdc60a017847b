"""Each alert by what brings it, how long that takes, and what ends it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from apps.streams.vitals import CURES, Audience, Stalls
from apps.streams.vitals.rules import RULES

from .samples import BEGAN, away, codes, good, standing, timeline, watched

Seconds = list[dict[str, Any]]


def climbing(seconds: int, step_ms: float) -> Seconds:
    """Pictures come later from second to second."""
    return [
        one | {"late_min_ms": n * step_ms, "late_max_ms": n * step_ms + 40}
        for n, one in enumerate(good(seconds))
    ]


def alternating(seconds: int, **other: Any) -> Seconds:
    """Every third second is different."""
    return [one | (other if n % 3 == 0 else {}) for n, one in enumerate(good(seconds))]


def irregular(seconds: int) -> Seconds:
    return [
        one | {"keyframe_min_ms": (400, 2000)[n % 2], "keyframe_max_ms": (400, 2000)[n % 2]}
        for n, one in enumerate(good(seconds))
    ]


def sessions(*lengths: int) -> Seconds:
    """The encoder is lost and comes back between these times."""
    return [
        second
        for number, length in enumerate(lengths)
        for second in [*good(length, session_id=f"session {number}"), *away(1)]
    ][:-1]


NOTHING = {"pictures": 0, "media_ms": 0, "video_bytes": 0}
THIN = {"video_bytes": 200_000}

# The alert, and seconds at whose end it stands.
FOUND: list[tuple[str, Seconds]] = [
    ("CONNECTION_LOST", [*good(10), *away(1)]),
    ("ENCODER_SILENT", [*good(10), *good(1, **NOTHING, sound_frames=0, since_media_ms=2400)]),
    ("ON_BACKUP", [*good(10), *good(2, session_id="backup", on_backup=True)]),
    ("RECONNECTS", sessions(20, 10, 10)),
    ("CONNECTION_UNSTEADY", [*good(20), *alternating(12, late_max_ms=700.0, jitter_ms=80.0)]),
    ("UPLOAD_SLOW", [*good(20), *climbing(12, 200)]),
    ("PACKETS_LOST", [*good(10), *good(4, packets=600, packets_missed=9, packets_lost=1)]),
    ("CLOCK_DRIFT", climbing(110, 8)),
    ("CLOCK_DRIFT", climbing(110, -8)),
    ("CLOCK_JUMPS", [*good(10), *good(1, clock_jumps=1), *good(5)]),
    ("NO_PICTURE", [*good(10), *good(2, **NOTHING, since_picture_ms=3400)]),
    ("PICTURE_CHANGED", [*good(10), *good(2, width=1280, height=720)]),
    ("PROFILE_UNPLAYABLE", good(2, video_codec="avc1.7a0028")),
    ("PROFILE_BASELINE", good(6, video_codec="avc1.42c028")),
    ("FRAMES_LOW", [*good(10), *good(12, pictures=21)]),
    ("FRAMES_LOW", good(20, frame_rate=15.0, pictures=15)),
    ("FRAMES_UNSTEADY", [*good(10), *alternating(20, pictures=22)]),
    ("BITRATE_DROP", [*good(30), *good(9, **THIN)]),
    ("BITRATE_UNSTEADY", [*good(20), *good(10, **THIN), *good(10), *good(10, **THIN)]),
    ("BITRATE_HIGH", good(20, video_bytes=1_500_000)),
    ("BITRATE_LOW", good(20, video_bytes=100_000)),
    ("KEYFRAMES_FAR", good(10, keyframe_min_ms=8333, keyframe_max_ms=8333)),
    ("KEYFRAMES_FAR", good(5, keyframe_min_ms=0, keyframe_max_ms=0, since_keyframe_ms=4500)),
    ("KEYFRAMES_IRREGULAR", irregular(20)),
    ("B_FRAMES", good(6, reorder_ms=66)),
    ("NO_SOUND", good(10, sound_frames=0, has_sound=False)),
    ("SOUND_SILENT", good(14, sound_max_bytes=6)),
    ("SOUND_SILENT", good(14, sound_alike=47)),
    ("SERVER_LATE", [*good(10), *alternating(10, lag_ms=600)]),
    ("RECORDING_LOST", [*good(10), *good(1, recording_lost=2)]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "seconds"), FOUND, ids=[f"{n} {code}" for n, (code, _) in enumerate(FOUND)])
def test_what_is_wrong_is_found_and_ends_when_it_is_put_right(code: str, seconds: Seconds) -> None:
    monitor = watched(seconds)
    alert = next((alert for alert in monitor.alerts if alert.code == code), None)
    assert alert is not None, codes(monitor)
    assert alert.title
    assert alert.cure == CURES[code]
    assert BEGAN <= alert.since <= BEGAN + len(seconds)
    session = {"session_id": "mended"} if code != "PICTURE_CHANGED" else {}
    mended = [one | {"at": BEGAN + len(seconds) + 1 + n} for n, one in enumerate(good(130, **session))]
    assert codes(watched(mended, monitor=monitor)) == set()


def test_a_good_encoder_has_no_alert_at_any_time() -> None:
    assert not any(standing(good(150)))


def test_every_rule_is_tried_and_every_code_is_one_rule_s() -> None:
    tried = {code for code, _ in FOUND} | {
        f"STALLS_{word}" for word in ("ENCODER", "NETWORK", "SERVER", "VIEWERS")
    }
    assert tried == {rule.code for rule in RULES}
    assert len(CURES) == len(RULES)


@pytest.mark.parametrize(("code", "seconds"), FOUND, ids=[f"{n} {code}" for n, (code, _) in enumerate(FOUND)])
def test_an_alert_does_not_flicker(code: str, seconds: Seconds) -> None:
    """It begins once, and ends at most once when the same goes on."""
    stood = timeline([*seconds, *seconds[-1:] * 30], code)
    changes = sum(before != after for before, after in itertools.pairwise(stood))
    assert changes <= 2


def test_what_lasts_a_second_is_no_alert() -> None:
    blink = [*good(30), *good(1, pictures=12, late_max_ms=500.0, video_bytes=100_000), *good(30)]
    monitor = watched(blink)
    assert codes(monitor) == set()
    unsteady = {"FRAMES_LOW", "BITRATE_DROP", "CONNECTION_UNSTEADY", "UPLOAD_SLOW"}
    assert not any(stood & unsteady for stood in standing(blink))


def test_a_value_at_the_edge_keeps_its_alert_and_begins_none() -> None:
    edge = good(20, pictures=26)  # of 30: above what begins, below what ends
    assert not any(timeline([*good(10), *edge], "FRAMES_LOW"))
    assert all(timeline([*good(10), *good(15, pictures=20), *edge], "FRAMES_LOW")[22:])


def test_a_node_that_is_late_does_not_blame_the_line() -> None:
    late = alternating(30, lag_ms=800, late_max_ms=900.0, late_min_ms=0.0)
    found = codes(watched([*good(20), *late]))
    assert "SERVER_LATE" in found
    assert "CONNECTION_UNSTEADY" not in found


def test_the_worst_stands_first() -> None:
    monitor = watched(good(20, pictures=20, video_codec="avc1.7a0028", reorder_ms=90))
    severities = [alert.severity for alert in monitor.alerts]
    assert severities == sorted(severities, key=["critical", "warning", "info"].index)
    assert severities[0] == "critical"


def test_viewers_who_wait_are_an_alert_only_when_they_are_many() -> None:
    one = Audience(reports=20, stalled=1, stalls=(Stalls(BEGAN + 15, 1),))
    assert codes(watched(good(20), one)) == set()
    many = Audience(reports=20, stalled=6, stalls=(Stalls(BEGAN + 15, 6),))
    (alert,) = watched(good(20), many).alerts
    assert (alert.code, alert.fault, alert.title) == (
        "STALLS_VIEWERS",
        "viewer",
        "6 of 20 viewers had to wait for the picture",
    )


def test_the_graph_has_a_point_every_two_seconds_and_ten_minutes() -> None:
    monitor = watched(good(20))
    assert [after.at - before.at for before, after in itertools.pairwise(monitor.graph)] == [2] * 9
    assert {point.kbps for point in monitor.graph} == {6000}
    assert {point.fps for point in monitor.graph} == {30.0}
    assert len(watched(good(700)).graph) == 300
