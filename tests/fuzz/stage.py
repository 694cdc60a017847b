"""What stands behind the doors while they are fuzzed: a real stream, with a clock that is moved by hand."""

from __future__ import annotations

from random import Random
from typing import Any

from apps.streams.media import MediaConfig, Refused, playlists
from apps.streams.media.flv import Tag
from apps.streams.media.publisher import Publisher
from apps.streams.media.stream import LiveStream
from tests.streams.media.studio import HandClock, HandSession

CONFIG = MediaConfig(
    grant_key=b"k", transcoding_key=b"t", pending_max_bytes=200_000, window_max_bytes=400_000
)
SPS = bytes.fromhex("674d401feca02802dd8088000003000800000301e31300016e360002dc6f251803c60c6580")
PPS = bytes.fromhex("68ce3c80")
AVC = b"\x17\0\0\0\0\x01\x4d\x40\x1f\xff\xe1" + len(SPS).to_bytes(2, "big") + SPS + b"\x01\0\x04" + PPS
AAC = b"\xaf\0\x11\x90"


class Stage:
    """A sink into a stream of its own."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.stream = LiveStream(
            "stream", "channel", epoch="e0", config=CONFIG, clock=self.clock, recording=None, resume=None
        )
        self.publisher = Publisher(CONFIG, self.clock)
        self.stream.attach(HandSession(self.publisher))
        self.goodbyes = 0

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        self.clock.now += 0.03
        self.publisher.on_video(timestamp, body)

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        self.publisher.on_audio(timestamp, body)

    def on_metadata(self, properties: dict[str, Any]) -> None:
        self.publisher.on_metadata(properties)

    def on_refused(self, refusal: Refused) -> None:
        assert refusal.code and refusal.message

    def on_gone(self, reason: str) -> None:
        self.goodbyes += 1
        assert self.goodbyes == 1, "a session says goodbye once"
        self.judge()

    @property
    def media_seconds(self) -> float:
        return 0.0

    def judge(self) -> None:
        """Whatever came, what is left can be told and listed."""
        self.stream.detach()
        self.stream.info()
        self.stream.sample(0)
        assert self.stream.window.size <= 4 * CONFIG.window_max_bytes
        if self.stream.window.playable:
            assert playlists.media(self.stream.window, skip=False).startswith(b"#EXTM3U")


def tags(random: Random, *, pictures: int = 12) -> list[Tag]:
    """What a good encoder sends, with pictures that nobody has to see."""
    sent = [Tag(9, 0, AVC), Tag(8, 0, AAC)]
    at = random.choice((0, 0, 1_000_000, 0xFFFFFF00))
    for number in range(random.randrange(pictures)):
        head = b"\x17\x01" if number % 6 == 0 else b"\x27\x01"
        unit = b"\x65" + random.randbytes(random.randrange(1, 60))
        composition = random.choice((0, 0, 33, 66)).to_bytes(3, "big")
        sent.append(Tag(9, at & 0xFFFFFFFF, head + composition + len(unit).to_bytes(4, "big") + unit))
        sent.append(Tag(8, at & 0xFFFFFFFF, b"\xaf\x01" + random.randbytes(random.randrange(40))))
        at += random.choice((33, 33, 33, 400, 3000))
    return sent
