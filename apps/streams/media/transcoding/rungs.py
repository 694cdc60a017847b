"""Which renditions there are, which of them make sense for a source, and which a machine can afford."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from apps.streams.media.transcoding.encoder import encoding


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder; `bitrate` is the picture's, in bits a second. Without a height: sound alone."""

    name: str
    height: int = 0
    bitrate: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """The picture that renditions are made of."""

    width: int
    height: int
    rate: float


LADDER = (
    Rung("1080p", 1080, 8_000_000),
    Rung("720p", 720, 5_000_000),
    Rung("480p", 480, 2_500_000),
    Rung("160p", 160, 300_000),
    Rung("audio"),
)

_WORTH = 1.25
"""A rendition as high as the source is worth its work when the source has so many times its bits."""
_DECODING = 0.12
"""What a pixel costs to decode, as a share of what it costs to encode."""
_SIZE, _RATE, _SECONDS = (1280, 720), 30, 2
_PATIENCE_SECONDS = 60


def fitting(rungs: Sequence[Rung], source: Source, *, bitrate: int) -> list[Rung]:
    """Those that are less than the source, which has `bitrate` (0: not known), highest first."""
    return [
        rung
        for rung in sorted(rungs, key=lambda rung: -rung.height)
        if rung.height < source.height or (rung.height == source.height and bitrate > rung.bitrate * _WORTH)
    ]


@dataclass(frozen=True, slots=True)
class Budget:
    """What a machine can give: `cores` of its own beside all else, each encoding `speed` pixels a second."""

    cores: float
    speed: float

    @classmethod
    def of(cls, *, cores: int, speed: float) -> Budget:
        """Two cores are for everything else, and a fifth of the rest for what nobody foresaw."""
        return cls(max(cores - 2, 0) * 0.8, speed)

    def cost(self, rungs: Sequence[Rung], source: Source) -> float:
        """The cores that these take, made of such a source; sound alone takes next to nothing."""
        encoded = sum((rung.height * source.width / source.height) * rung.height for rung in rungs)
        if not encoded:
            return 0.0
        return (encoded + source.width * source.height * _DECODING) * source.rate / self.speed

    def afford(self, rungs: Sequence[Rung], source: Source) -> list[Rung]:
        """As many of `rungs` as it can give, the smallest first: the weakest lines need them most."""
        if self.cores <= 0:
            return []
        chosen: list[Rung] = []
        for rung in sorted(rungs, key=lambda rung: rung.height):
            if self.cost([*chosen, rung], source) > self.cores:
                break
            chosen.append(rung)
        return chosen[::-1]

    def without(self, cores: float) -> Budget:
        """What is left of it."""
        return Budget(max(self.cores - cores, 0.0), self.speed)


def measured_speed(ffmpeg: str) -> float:
    """Pixels that one core of this machine encodes a second, tried for a moment; OSError when it can't."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    picture = f"testsrc2=s={_SIZE[0]}x{_SIZE[1]}:r={_RATE}:d={_SECONDS}"
    command = [ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", picture]
    command += [*encoding(LADDER[1].bitrate, threads=1), "-f", "null", "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise OSError(f"ffmpeg did not encode {_SECONDS} s in {_PATIENCE_SECONDS} s") from None
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace").strip()[:200] or "ffmpeg failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _SIZE[0] * _SIZE[1] * _RATE * _SECONDS / max(seconds, 0.001)
