"""The last two minutes of a stream, and what its samples say together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from statistics import median

from apps.streams.media import Sample

from .blame import NOBODY, Audience

SECONDS = 120
LAGGING_MS = 250
"""A node this late makes everything else look late: what is measured meanwhile says nothing of the line."""
_GROUP_SECONDS = 5.0
_PROFILES = {
    66: "Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    122: "High 4:2:2",
    244: "High 4:4:4",
}


class Window:
    """Samples, oldest first; there is at least one. Everything is computed when it is asked for."""

    def __init__(self, samples: Sequence[Sample], audience: Audience = NOBODY) -> None:
        self.samples = samples
        self.audience = audience
        self.now = samples[-1]

    def last(self, seconds: float) -> list[Sample]:
        """The session's samples of that time, oldest first."""
        since = self.now.at - seconds + 0.1
        return [sample for sample in self.session if sample.at > since]

    @cached_property
    def session(self) -> list[Sample]:
        """The samples of the encoder that is connected now."""
        if self.now.session_id is None:
            return []
        return [sample for sample in self.samples if sample.session_id == self.now.session_id]

    @cached_property
    def seconds(self) -> float:
        """How long pictures have come from this encoder, as far as the window reaches."""
        return sum(sample.seconds for sample in self.session if sample.pictures)

    @property
    def sends_pictures(self) -> bool:
        return any(sample.pictures for sample in self.last(3))

    # Bitrate

    @cached_property
    def kbps(self) -> int:
        return kbps(self.last(_GROUP_SECONDS))

    @cached_property
    def kbps_groups(self) -> list[int]:
        """The bitrates of every five seconds, newest first, without the session's first two and a rest."""
        groups: list[int] = []
        group: list[Sample] = []
        for sample in reversed(self.session[2:]):
            group.append(sample)
            if sum(one.seconds for one in group) >= _GROUP_SECONDS - 0.5:
                groups.append(kbps(group))
                group = []
        return groups

    @cached_property
    def usual_kbps(self) -> float | None:
        """The median of the last minute before now; None while it is too young to tell."""
        before = self.kbps_groups[1:13]
        return median(before) if len(before) >= 3 else None

    # Pictures

    @cached_property
    def fps(self) -> float:
        """Pictures a second of the last five, by the encoder's clock."""
        return fps(self.last(5))

    @cached_property
    def missing_share(self) -> float:
        """The part of the pictures that should have come in the last minute and did not, 0 to 1."""
        samples = [one for one in self.last(60) if one.pictures and one.frame_rate]
        should = sum(one.media_ms * one.frame_rate / 1000 for one in samples)
        return max(0.0, 1 - sum(one.pictures for one in samples) / should) if should > 1 else 0.0

    @cached_property
    def sizes(self) -> list[tuple[int, int]]:
        """Every picture size of the last minute, in the order of their first pictures."""
        recent = (one for one in self.samples if one.width and one.at > self.now.at - 60)
        return list(dict.fromkeys((one.width, one.height) for one in recent))

    @cached_property
    def keyframe_ms(self) -> int:
        """The newest keyframe interval, or the running one where that is longer already."""
        newest = next((one.keyframe_max_ms for one in reversed(self.session) if one.keyframe_max_ms), 0)
        return max(newest, self.now.since_keyframe_ms)

    @cached_property
    def keyframe_intervals(self) -> list[int]:
        """The shortest and the longest interval of every second of the last minute that saw one end."""
        ended = [one for one in self.last(60) if one.keyframe_max_ms]
        return [interval for one in ended for interval in (one.keyframe_min_ms, one.keyframe_max_ms)]

    @cached_property
    def reorder_ms(self) -> int:
        return max((one.reorder_ms for one in self.last(10)), default=0)

    @cached_property
    def profile(self) -> str:
        """What people call the picture's profile; empty while unknown."""
        codec = self.now.video_codec
        return _PROFILES.get(int(codec[5:7], 16), "") if codec.startswith("avc1.") else ""

    @cached_property
    def level(self) -> str:
        codec = self.now.video_codec
        return f"{int(codec[9:11], 16) / 10:.1f}" if codec.startswith("avc1.") else ""

    # The line

    @cached_property
    def soonest_ms(self) -> float:
        """How late a picture is at best: of the whole session in the window."""
        return min((one.late_min_ms for one in self.session if one.pictures), default=0.0)

    @cached_property
    def behind_ms(self) -> float:
        """By how much even the quickest picture of the last seconds came later than it might."""
        recent = [one.late_min_ms for one in self.last(4) if one.pictures and one.lag_ms < LAGGING_MS]
        return min(recent) - self.soonest_ms if recent else 0.0

    @cached_property
    def unsteady_seconds(self) -> int:
        """Seconds of the last 20 in which pictures were held up on their way."""
        return sum(is_held_up(one, self.soonest_ms) for one in self.last(20))

    @cached_property
    def sessions(self) -> int:
        """Encoders, or one that came back, in the whole window."""
        return len({one.session_id for one in self.samples if one.session_id})

    @cached_property
    def drift_ms(self) -> float:
        """How far the encoder's clock and ours part in a minute: below 0, the encoder's is ahead."""
        sending = [one for one in self.session[5:] if one.pictures]
        if len(sending) < 60:
            return 0.0
        first, last = sending[:10], sending[-10:]
        parted = min(one.late_min_ms for one in last) - min(one.late_min_ms for one in first)
        return parted * 60 / (last[-1].at - first[-1].at)

    # Sound

    @cached_property
    def sound(self) -> str:
        """present, quiet (its bytes are those of silence) or none."""
        recent = self.last(10)
        frames = sum(one.sound_frames for one in recent[-3:])
        if not frames:
            return "none"
        return "quiet" if is_silence(recent) else "present"


def kbps(samples: Iterable[Sample]) -> int:
    """Thousand bits a second, picture and sound together."""
    samples = list(samples)
    seconds = sum(one.seconds for one in samples)
    size = sum(one.video_bytes + one.audio_bytes for one in samples)
    return round(size * 8 / seconds / 1000) if seconds else 0


def fps(samples: Iterable[Sample]) -> float:
    """Pictures a second by the encoder's clock."""
    samples = list(samples)
    media_ms = sum(one.media_ms for one in samples)
    return sum(one.pictures for one in samples) * 1000 / media_ms if media_ms else 0.0


def is_held_up(sample: Sample, soonest_ms: float) -> bool:
    """Pictures of this second were ready and came late, and it is not this node that was late."""
    if not sample.pictures or sample.lag_ms >= LAGGING_MS:
        return False
    return sample.late_max_ms - soonest_ms >= 400


def is_silence(samples: Sequence[Sample]) -> bool:
    """Every frame of sound is as small as one can be, or nearly every one a copy of the one before."""
    frames = sum(one.sound_frames for one in samples)
    alike = sum(one.sound_alike for one in samples)
    return max(one.sound_max_bytes for one in samples) <= 16 or alike >= 0.9 * frames
