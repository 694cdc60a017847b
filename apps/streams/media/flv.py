"""The bodies of audio and video messages (Adobe "FLV file format 10.1", E.4; Enhanced RTMP for the refusals),
and FLV files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from apps.streams.media.ports import Refused

_USE_H264 = "Use H.264 video: in OBS choose an x264 or H.264 encoder under Settings, Output."
_USE_AAC = "Use AAC audio: in OBS choose an AAC encoder under Settings, Output."

_MAX_AUDIO_BYTES = 16 * 1024
"""More than an AAC frame of eight channels can have (ISO/IEC 14496-3: 6144 bits a channel)."""

_VIDEO_NAMES = {
    1: "JPEG",
    2: "Sorenson H.263",
    3: "Screen video",
    4: "VP6",
    5: "VP6",
    6: "Screen video 2",
    12: "HEVC",
    13: "AV1",
}
_AUDIO_NAMES = {
    0: "PCM",
    1: "ADPCM",
    2: "MP3",
    3: "PCM",
    4: "Nellymoser",
    5: "Nellymoser",
    6: "Nellymoser",
    7: "G.711",
    8: "G.711",
    11: "Speex",
    13: "Opus",
    14: "MP3",
}
_FOURCC_NAMES = {
    b"hvc1": "HEVC",
    b"av01": "AV1",
    b"vp09": "VP9",
    b"vp08": "VP8",
    b"vvc1": "VVC",
    b"Opus": "Opus",
    b"fLaC": "FLAC",
    b"ac-3": "AC-3",
    b"ec-3": "E-AC-3",
    b".mp3": "MP3",
}


class Packet(IntEnum):
    """What a body carries."""

    CONFIG = 0
    FRAME = 1
    END = 2


# By their number: calling the enumeration for each frame would cost more than reading the rest of its header.
_PACKETS = (Packet.CONFIG, Packet.FRAME, Packet.END)


@dataclass(slots=True)
class VideoBody:
    packet: Packet
    keyframe: bool
    composition_ms: int
    data: memoryview


@dataclass(slots=True)
class AudioBody:
    packet: Packet
    data: memoryview


def unsupported_video(name: str) -> Refused:
    """For an encoder that sends another codec, with the cure."""
    return Refused("UNSUPPORTED_VIDEO_CODEC", f"{name} video is not supported. {_USE_H264}")


def unsupported_audio(name: str) -> Refused:
    """The same for sound."""
    return Refused("UNSUPPORTED_AUDIO_CODEC", f"{name} audio is not supported. {_USE_AAC}")


def read_video(body: bytes | bytearray) -> VideoBody | None:
    """An H.264 message; None for one without content. Raises Refused for every other codec."""
    if not body:
        return None
    first = body[0]
    if first & 0x80:
        name = _FOURCC_NAMES.get(bytes(body[1:5]), "This kind of")
        raise unsupported_video(name)
    kind, codec = first >> 4, first & 0x0F
    if kind == 5:  # a command to the decoder, without a picture
        return None
    if codec != 7:
        name = _VIDEO_NAMES.get(codec, "This kind of")
        raise unsupported_video(name)
    if len(body) < 5 or body[1] > 2:
        raise Refused("MALFORMED_MEDIA", "The encoder sent a video message that is not H.264.")
    composition = int.from_bytes(body[2:5], "big", signed=True)
    return VideoBody(_PACKETS[body[1]], kind == 1, composition, memoryview(body)[5:])


def read_audio(body: bytes | bytearray) -> AudioBody | None:
    """An AAC message; None for one without content. Raises Refused for every other codec."""
    if not body:
        return None
    codec = body[0] >> 4
    if codec == 9:
        name = _FOURCC_NAMES.get(bytes(body[1:5]), "This kind of")
        raise unsupported_audio(name)
    if codec != 10:
        name = _AUDIO_NAMES.get(codec, "This kind of")
        raise unsupported_audio(name)
    if not 2 <= len(body) <= _MAX_AUDIO_BYTES or body[1] > 1:
        raise Refused("MALFORMED_MEDIA", "The encoder sent an audio message that is not AAC.")
    return AudioBody(_PACKETS[body[1]], memoryview(body)[2:])


@dataclass(slots=True)
class Tag:
    """One tag of an FLV file: an RTMP message kind (8, 9 or 18), its time and its body."""

    kind: int
    timestamp: int
    body: bytes


class FlvReader:
    """Takes an FLV file or stream apart as its bytes arrive."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    def feed(self, data: bytes) -> Iterator[Tag]:
        """Every tag that `data` completes; ValueError when this is not FLV."""
        data = self._rest + data
        position = 0
        if not self._begun:
            if len(data) < 9:
                self._rest = data
                return
            if data[:3] != b"FLV":
                raise ValueError("not an FLV file")
            position = int.from_bytes(data[5:9], "big") + 4
            self._begun = True
        while position + 11 <= len(data):
            size = int.from_bytes(data[position + 1 : position + 4], "big")
            end = position + 11 + size
            if end + 4 > len(data):
                break
            timestamp = int.from_bytes(data[position + 4 : position + 7], "big") | data[position + 7] << 24
            yield Tag(data[position] & 0x1F, timestamp, data[position + 11 : end])
            position = end + 4
        self._rest = data[position:]
