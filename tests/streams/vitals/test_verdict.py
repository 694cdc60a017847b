"""The verdict of a pre-flight."""

from __future__ import annotations

from apps.streams.vitals.verdict import Grade, Topic

from .samples import away, good, watched


def test_a_verdict_takes_twelve_seconds_of_pictures() -> None:
    early = watched(good(5)).verdict()
    assert (early.grade, early.seconds_left) == (Grade.MEASURING, 7)
    assert watched(good(12)).verdict().grade is Grade.GOOD


def test_a_good_encoder_is_told_what_it_sends() -> None:
    verdict = watched(good(20)).verdict()
    figures = {finding.topic: finding.figure for finding in verdict.findings}
    assert figures == {
        Topic.CONNECTION: "3 ms jitter",
        Topic.PICTURE: "1920 × 1080, H.264 High 4.0",
        Topic.FRAMES: "30.0 a second",
        Topic.BITRATE: "6,000 kbps",
        Topic.KEYFRAMES: "Every 2.0 s",
        Topic.DELAY: "No B-frames",
        Topic.SOUND: "AAC sound is there",
    }
    assert {finding.grade for finding in verdict.findings} == {Grade.GOOD}


def test_the_whole_is_as_good_as_its_worst_topic() -> None:
    hint = watched(good(20, reorder_ms=66)).verdict()
    assert hint.grade is Grade.HINT
    warning = watched(good(20, reorder_ms=66, keyframe_max_ms=8000, keyframe_min_ms=8000)).verdict()
    assert warning.grade is Grade.WARNING
    bad = {finding.topic: finding for finding in warning.findings if finding.alerts}
    assert set(bad) == {Topic.DELAY, Topic.KEYFRAMES}
    assert bad[Topic.KEYFRAMES].figure == "Every 8.0 s"
    assert bad[Topic.KEYFRAMES].alerts[0].cure.startswith("Set the keyframe interval to 2 s")
    assert watched(good(20, video_codec="avc1.6e0028")).verdict().grade is Grade.BAD


def test_silence_is_found_in_time() -> None:
    assert watched(good(13, sound_max_bytes=6)).verdict().grade is Grade.WARNING


def test_a_verdict_on_nobody_is_still_measuring() -> None:
    assert watched(away(30)).verdict().grade is Grade.MEASURING
