"""The picture clock says what was put into it, also after an encoder has had its way with the picture."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.load import clock_source

FRAME_BYTES = clock_source.WIDTH * clock_source.HEIGHT * 3 // 2


@pytest.mark.parametrize("stamp", [0, 1, 0xFFFFFFFF, 0x80000001, 1_763_640_000_123 & 0xFFFFFFFF])
def test_a_stamp_is_read_back_from_the_row_that_carries_it(stamp: int) -> None:
    assert clock_source.read_row(clock_source.stamp_row(stamp)) == stamp


def test_a_damaged_row_is_no_clock() -> None:
    row = bytearray(clock_source.stamp_row(123_456_789))
    row[0:16] = bytes(16) if row[8] > 128 else b"\xff" * 16
    assert clock_source.read_row(row) is None


def test_a_black_or_white_picture_is_no_clock() -> None:
    assert clock_source.read_row(bytes(640)) is None
    assert clock_source.read_row(b"\xff" * 640) is None


def test_frames_move_and_have_the_size_of_a_picture() -> None:
    frames = clock_source.ClockFrames()
    first, second = frames.make(1), frames.make(1)
    assert len(first) == FRAME_BYTES
    assert first != second


def test_the_camera_keeps_time_and_stops_when_told() -> None:
    before = time.time() * 1000
    run = subprocess.run(
        ["python3", "-m", "tests.load.clock_source", "--seconds", "1"],
        cwd=clock_source.ROOT,
        capture_output=True,
        timeout=20,
        check=True,
    )
    frames = [run.stdout[i : i + FRAME_BYTES] for i in range(0, len(run.stdout), FRAME_BYTES)]
    stamps = [clock_source.read_row(frame[: clock_source.WIDTH]) for frame in frames]
    assert len(stamps) == clock_source.FPS
    known = [stamp for stamp in stamps if stamp is not None]
    assert len(known) == len(stamps)
    assert 900 <= known[-1] - known[0] <= 1500
    assert (known[0] - int(before)) % 2**32 < 15_000
