"""A long broadcast on a bad line: 6 Mbit/s, and an encoder that is gone every few minutes and comes back.

    python -m tests.load.soak [--minutes 60] [--every 5]

At the end there must be one recording, as long as what was sent, with every gap where and as long as it was,
sound and picture together in all of it (each to 50 ms), and a server whose memory has not grown. Exit code 1
when not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.streams.media import FileArchive
from apps.streams.media.flv import FlvReader, Tag
from apps.streams.media.names import RecordedSegment, read_names
from apps.streams.media.recording import PLAYLIST
from apps.streams.media.rtmp.client import RtmpPublisher
from tests.load.processes import need, resident_kib
from tests.stack import people, running
from tests.stack.people import Person, expect
from tests.stack.running import Stack
from tests.stack.services import wait_until

# As long as whole frames of sound (750 of 1,024 samples at 48 kHz), so that it can follow itself.
TAPE_SECONDS, TAPE_FRAMES = 16, 750
FRAME_MS = 1000 / 30
AWAY_SECONDS = (3.0, 20.0)
TOLERANCE_MS = 50
GROWTH_MIB = 16
SETTLE_SECONDS = 60
"""By then the live window is full."""
VIDEO, AUDIO = 9, 8


@dataclass
class Sending:
    """One connection of the encoder: when it sent its first picture (epoch), and how much it sent."""

    began: float
    media_ms: float = 0.0


@dataclass
class Soaked:
    """What was sent, and what the server used meanwhile."""

    stream_id: str
    sendings: list[Sending] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, MiB."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and how far it is off what it must be."""

    what: str
    off: float
    limit: float

    @property
    def is_well(self) -> bool:
        return abs(self.off) <= self.limit


def tape(folder: Path) -> list[Tag]:
    """16 s of noise at 6 Mbit/s; in the first tenth of each second it is white, and there is a tone."""
    flv = folder / "tape.flv"
    flash, tone = "lt(mod(t\\,1)\\,0.1)", "0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.1)"
    picture = f"color=c=gray:s=1280x720:r=30,noise=alls=24:allf=t,drawbox=color=white:t=fill:enable='{flash}'"
    command = [need("ffmpeg", "ffmpeg"), "-loglevel", "error", "-y", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", f"aevalsrc='{tone}':s=48000:c=stereo", "-t", str(TAPE_SECONDS)]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60", "-b:v", "6M"]
    command += ["-minrate", "6M", "-maxrate", "6M", "-bufsize", "6M", "-x264-params", "nal-hrd=cbr"]
    command += ["-c:a", "aac", "-b:a", "128k"]
    subprocess.run([*command, str(flv)], check=True)
    tags = list(FlvReader().feed(flv.read_bytes()))
    # The encoder begins with a frame of sound too many, by which each turn would be longer than the picture.
    sound = [tag for tag in tags if tag.kind == AUDIO and tag.body[1] == 1]
    surplus = {id(tag) for tag in sound[TAPE_FRAMES:]}
    return [tag for tag in tags if id(tag) not in surplus]


async def send(url: str, tags: list[Tag], seconds: float) -> Sending:
    """Publish the tape again and again for so long, in real time; then vanish without a word."""
    where, _, key = url.rpartition("/")
    publisher = await RtmpPublisher.connect(where, key)
    began = time.monotonic()
    first = next(tag.timestamp for tag in tags if tag.kind == VIDEO and tag.body[1] == 1)
    sending = Sending(time.time() + first / 1000)
    try:
        for turn in range(int(seconds / TAPE_SECONDS) + 1):
            for tag in tags:
                is_setting = tag.kind not in (VIDEO, AUDIO) or tag.body[1] == 0
                if turn and is_setting:
                    continue
                at = tag.timestamp + turn * TAPE_SECONDS * 1000
                if at > seconds * 1000:
                    return sending
                await asyncio.sleep(max(0.0, began + at / 1000 - time.monotonic()))
                publisher.send(Tag(tag.kind, at, tag.body))
                await publisher.drain()
                if tag.kind == VIDEO and not is_setting:
                    sending.media_ms = at - first + FRAME_MS
    finally:
        await publisher.close()
    return sending


@contextlib.contextmanager
def weighed(stack: Stack, memory: list[tuple[float, float]]) -> Iterator[None]:
    """Weigh the server every two seconds while the block runs."""
    process, over, start = stack.process("live").popen, threading.Event(), time.monotonic()
    assert process

    def weigh() -> None:
        while not over.wait(2):
            memory.append((time.monotonic() - start, resident_kib(process.pid) / 1024))

    thread = threading.Thread(target=weigh)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def soak(stack: Stack, owner: Person, tags: list[Tag], minutes: float, every: float) -> Soaked:
    """The whole broadcast, on a channel made for it; it has ended when this returns."""
    channel = owner.create_channel()
    chance, url = random.Random(1), owner.publish_url(channel)
    wanted = {"channelId": channel["id"], "title": "Soak"}
    soaked = Soaked(expect(201, owner.api.post("/api/streams", json=wanted))["id"])
    ends = time.monotonic() + minutes * 60
    with weighed(stack, soaked.memory):
        while True:
            left = ends - time.monotonic()
            seconds = min(left, every * 60 * chance.uniform(0.6, 1.4))
            soaked.sendings.append(asyncio.run(send(url, tags, seconds)))
            print(f"{len(soaked.sendings)}: sent {soaked.sendings[-1].media_ms / 1000:.1f} s", flush=True)
            if ends - time.monotonic() < 30:
                break
            time.sleep(chance.uniform(*AWAY_SECONDS))
    owner.sign_in()
    expect(200, owner.api.post(f"/api/streams/{soaked.stream_id}/end"))
    return soaked


def recorded(stack: Stack, stream_id: str) -> tuple[FileArchive, str, list[RecordedSegment]]:
    """The archive, the recording's folder in it, and the segments, once its playlist is written."""
    root = Path(stack.env["AETHEX_DATA_DIR"]) / "recordings"
    archive, prefix = FileArchive(root), uuid.UUID(stream_id).hex
    wait_until(lambda: PLAYLIST in archive.names(prefix), "the recording's playlist", 60)
    return archive, prefix, read_names(archive.names(prefix))


def compare(soaked: Soaked, playlist: str, gaps: list[dict[str, Any]]) -> Iterator[Finding]:
    """Length and gaps, against what the sender did."""
    sendings = soaked.sendings
    lengths = [float(line[8:].rstrip(",")) for line in playlist.splitlines() if line.startswith("#EXTINF:")]
    sent = sum(sending.media_ms for sending in sendings)
    yield Finding("length of the recording, ms", sum(lengths) * 1000 - sent, TOLERANCE_MS)
    yield Finding("number of gaps", len(gaps) - (len(sendings) - 1), 0)
    position = 0.0
    for number, (before, after, gap) in enumerate(zip(sendings, sendings[1:], gaps, strict=False), 1):
        position += before.media_ms
        ended = before.began + before.media_ms / 1000
        told = datetime.fromisoformat(gap["startedAt"]).timestamp()
        yield Finding(f"gap {number}: begins, ms", (told - ended) * 1000, TOLERANCE_MS)
        lasted = gap["seconds"] - (after.began - ended)
        yield Finding(f"gap {number}: lasts, ms", lasted * 1000, TOLERANCE_MS)
        where = gap["positionSeconds"] * 1000 - position
        yield Finding(f"gap {number}: lies in the video, ms", where, TOLERANCE_MS)


def flashes(media: Path) -> list[tuple[float, float]]:
    """When picture and sound say that a second begins, in ms of the file's own time, for each second."""
    command = [need("ffmpeg", "ffmpeg"), "-loglevel", "error", "-copyts", "-i", str(media)]
    video = "scale=64:36,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-"
    audio = (
        "asetnsamples=n=240,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.1.Peak_level:file=-"
    )
    seen = _onsets([*command, "-an", "-vf", video, "-f", "null", "-"], 200)
    heard = _onsets([*command, "-vn", "-af", audio, "-f", "null", "-"], -20)
    return [
        (at, min(heard, key=lambda other: abs(other - at)))
        for at in seen
        if any(abs(other - at) < 400 for other in heard)
    ]


def _onsets(command: list[str], threshold: float) -> list[float]:
    """Where the printed value rises above the threshold, but for a rise that may lie before the beginning."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    onsets, above, at = [], True, 0.0
    for line in text.splitlines():
        if line.startswith("frame:"):
            at = float(line.rpartition("pts_time:")[2]) * 1000
        elif "=" in line:
            value = line.rpartition("=")[2]
            is_above = value not in ("-inf", "nan") and float(value) > threshold
            if is_above and not above:
                onsets.append(at)
            above = is_above
    return onsets


def apart(archive: FileArchive, prefix: str, segments: list[RecordedSegment], folder: Path) -> float:
    """How far the sound is behind the picture in these segments, in ms (median); negative when before it."""
    media = folder / "piece.mp4"
    init = archive.read(f"{prefix}/init_{segments[0].init}.mp4")
    media.write_bytes(init + b"".join(archive.read(f"{prefix}/{segment.name}") for segment in segments))
    pairs = flashes(media)
    if not pairs:
        raise RuntimeError(f"no flash from {segments[0].start_ms} ms on")
    return statistics.median(heard - seen for seen, heard in pairs)


def hear(
    archive: FileArchive, prefix: str, segments: list[RecordedSegment], folder: Path
) -> Iterator[Finding]:
    """Sound against picture at the beginning, behind each gap, and at the end."""
    starts = [index for index, segment in enumerate(segments) if segment.discontinuity or index == 0]
    for index in [*starts, len(segments) - 5]:
        piece = segments[index : index + 5]
        off = apart(archive, prefix, piece, folder)
        yield Finding(f"sound behind picture at {piece[0].start_ms / 1000:.0f} s, ms", off, TOLERANCE_MS)


def growth(memory: list[tuple[float, float]]) -> Finding:
    """What the last fifth of the time took more than the first one after the window was full, in MiB."""
    settled = [mib for at, mib in memory if at > SETTLE_SECONDS] or [mib for _, mib in memory]
    share = max(len(settled) // 5, 1)
    grown = statistics.median(settled[-share:]) - statistics.median(settled[:share])
    return Finding("memory grew by, MiB", max(grown, 0.0), GROWTH_MIB)


def run(minutes: float, every: float) -> list[Finding]:
    """Everything, on `manage.py live`."""
    with (
        tempfile.TemporaryDirectory(prefix="aethex-soak-") as name,
        running.embedded(LOG_LEVEL="WARNING") as stack,
    ):
        folder = Path(name)
        tags = tape(folder)
        owner = people.sign_up(stack)
        soaked = soak(stack, owner, tags, minutes, every)
        archive, prefix, segments = recorded(stack, soaked.stream_id)
        found = expect(200, owner.api.get(f"/api/streams/{soaked.stream_id}/gaps?limit=100"))
        playlist = archive.read(f"{prefix}/{PLAYLIST}").decode()
        return [
            *compare(soaked, playlist, found["data"]),
            *hear(archive, prefix, segments, folder),
            growth(soaked.memory),
        ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="Broadcast for long over a bad line, and look at the recording."
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=5, help="minutes between two drops, about")
    arguments = parser.parse_args()
    findings = run(arguments.minutes, arguments.every)
    for finding in findings:
        verdict = "ok  " if finding.is_well else "BAD "
        print(f"{verdict} {finding.what}: {finding.off:+.1f} (within {finding.limit:g})")
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)


if __name__ == "__main__":
    main()
