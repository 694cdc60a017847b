"""Players that are not ours follow a broadcast, and go back to its beginning."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.streams.media.broadcast import PAST_SECONDS, on_air
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge


@pytest.fixture(scope="module")
def broadcast(make_flv: FlvMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with on_air(tmp_path_factory.mktemp("recordings"), make_flv) as edge:
        yield edge


@pytest.fixture(scope="module")
def gst_play() -> str:
    path = shutil.which("gst-play-1.0")
    if path is None:
        pytest.fail("this test needs GStreamer: apt-get install gstreamer1.0-plugins-base-apps …")
    return path


def decoded_by_ffmpeg(ffmpeg: str, edge: Edge, *, start: int, pictures: int) -> list[float]:
    """The decode times, in seconds, of the pictures that ffmpeg reads when it begins at segment `start`; it
    decodes them and the sound without a complaint."""
    command = f"{ffmpeg} -v error -xerror -copyts -live_start_index {start} -i {edge.url()}"
    command += f" -map 0:v -c copy -frames:v {pictures} -f framecrc -"
    # In the stream's own clock: rounded to frames two pictures that came a little early would be one.
    command += f" -map 0:v -frames:v {pictures} -map 0:a -frames:a {pictures} -enc_time_base -1 -f null -"
    done = subprocess.run(command.split(), capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    base = re.search(r"#tb 0: (\d+)/(\d+)", done.stdout)
    assert base is not None
    ticks = [int(line.split(",")[1]) for line in done.stdout.splitlines() if not line.startswith("#")]
    return [tick * int(base[1]) / int(base[2]) for tick in ticks]


def decoded_by_gstreamer(gst_play: str, edge: Edge, *, start: float | None, pictures: int) -> list[float]:
    """The same of GStreamer's player; with `start`, what it shows after it has gone there."""
    command = [gst_play, "--no-interactive", "--verbose", "--flags=0x1", "--audiosink=fakesink"]
    command += ["--videosink=identity silent=false ! fakesink sync=false"]
    command += [f"--start-position={start}"] if start is not None else []
    times: list[float] = []
    player = subprocess.Popen(
        [*command, edge.url()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watchdog = threading.Timer(30, player.kill)
    watchdog.start()
    try:
        assert player.stdout is not None
        for line in player.stdout:
            assert "ERROR" not in line, line
            shown = re.search(r"identity\d*: last-message = chain.* pts: (\d+):(\d\d):(\d\d\.\d+)", line)
            if shown is None:
                continue
            at = int(shown[1]) * 3600 + int(shown[2]) * 60 + float(shown[3])
            is_there = start is None or abs(at - start) < 4
            # What is shown while it gets there is shown again.
            if (times or is_there) and at not in times[-1:]:
                times.append(at)
            if len(times) == pictures:
                return times
        raise AssertionError(f"GStreamer showed {len(times)} pictures")
    finally:
        watchdog.cancel()
        player.kill()
        player.communicate()


def assert_flows(times: list[float], *, most: float = 0.8) -> None:
    """Pictures follow each other without a hole but for the one that the encoder left."""
    steps = [after - before for before, after in pairwise(times)]
    assert all(0 < step <= most for step in steps), max(steps)


def test_ffmpeg_follows_the_live_picture(ffmpeg: str, broadcast: Edge) -> None:
    times = decoded_by_ffmpeg(ffmpeg, broadcast, start=-2, pictures=120)
    assert len(times) == 120 and times[0] > PAST_SECONDS / 2
    assert_flows(times)


def test_ffmpeg_goes_back_to_the_first_picture(ffmpeg: str, broadcast: Edge) -> None:
    times = decoded_by_ffmpeg(ffmpeg, broadcast, start=0, pictures=240)
    assert times[0] < 0.1 and len(times) == 240
    assert_flows(times, most=0.04)


def test_gstreamer_follows_the_live_picture(gst_play: str, broadcast: Edge) -> None:
    times = decoded_by_gstreamer(gst_play, broadcast, start=None, pictures=120)
    assert times[0] > PAST_SECONDS / 4, "it begins some target durations before the end"
    assert_flows(times)


def test_gstreamer_goes_back_to_the_first_seconds(gst_play: str, broadcast: Edge) -> None:
    times = decoded_by_gstreamer(gst_play, broadcast, start=1, pictures=240)
    assert_flows(times, most=0.04)
