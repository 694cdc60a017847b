"""Test streams, made once a session by ffmpeg, and running edges."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.streams.media.flv import FlvReader, Tag
from tests.streams.media.edge import Edge

FlvMaker = Callable[..., list[Tag]]


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    path = shutil.which("ffmpeg")
    if path is None:
        pytest.fail("these tests need ffmpeg and ffprobe: apt-get install ffmpeg")
    return path


@pytest.fixture(scope="session")
def make_flv(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> FlvMaker:
    """make_flv(seconds=…, rate=…, gop=…, size=…, sound=…, video=…): the tags of such a file."""
    folder = tmp_path_factory.mktemp("flv")
    made: dict[str, list[Tag]] = {}

    def make(
        *,
        seconds: float = 6,
        rate: str = "30",
        gop: int = 60,
        size: str = "320x180",
        sound: str | None = "-c:a aac -ar 48000 -ac 2",
        video: str | None = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p",
    ) -> list[Tag]:
        command = f"{ffmpeg} -loglevel error"
        if video:
            command += f" -f lavfi -i testsrc2=s={size}:r={rate}"
        if sound:
            command += " -f lavfi -i sine=frequency=440:sample_rate=48000"
        command += f" -t {seconds} {sound or ''}"
        if video:
            command += f" {video} -g {gop} -keyint_min {gop} -sc_threshold 0"
        if command not in made:
            path = folder / f"{len(made)}.flv"
            subprocess.run(f"{command} -f flv {path}".split(), check=True)
            made[command] = list(FlvReader().feed(path.read_bytes()))
        return made[command]

    return make


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge() as running:
        yield running


@pytest.fixture
def probe(ffmpeg: str, tmp_path: Path) -> Callable[..., str]:
    """probe(data or URL, *options): what ffprobe, a foreign reader, says; it may complain of nothing."""

    def run(source: bytes | str, *options: str) -> str:
        if isinstance(source, bytes):
            path = tmp_path / "probed.mp4"
            path.write_bytes(source)
            source = str(path)
        command = [ffmpeg.replace("ffmpeg", "ffprobe"), "-v", "error", *options, source]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert not done.stderr, done.stderr
        return done.stdout

    return run
