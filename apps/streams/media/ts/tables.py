"""Program tables: which packets carry the picture and the sound (ISO/IEC 13818-1, 2.4.4)."""

from __future__ import annotations

from dataclasses import dataclass

_MAX_SECTION = 1024
_H264, _AAC = 0x1B, 0x0F
_VIDEO_NAMES = {
    0x01: "MPEG-1",
    0x02: "MPEG-2",
    0x10: "MPEG-4 part 2",
    0x24: "HEVC",
    0x33: "VVC",
    0xEA: "VC-1",
}
_AUDIO_NAMES = {0x03: "MP2", 0x04: "MP2", 0x11: "AAC in LATM", 0x81: "AC-3", 0x87: "E-AC-3"}
# Private streams say by a registration descriptor (2.6.8) or, in DVB, by a tag of their own what they are.
_PRIVATE = 0x06
_VIDEO_FORMATS = {b"HEVC": "HEVC", b"AV01": "AV1"}
_AUDIO_FORMATS = {b"Opus": "Opus", b"AC-3": "AC-3", b"EAC3": "E-AC-3"}
_AUDIO_TAGS = {0x6A: "AC-3", 0x7A: "E-AC-3"}
_REGISTRATION = 0x05


@dataclass(frozen=True, slots=True)
class Program:
    """Where the picture and the sound are. A PID is None when there is nothing that can be served; then the
    codec's name says what is there instead, if anything is."""

    video: int | None = None
    audio: int | None = None
    other_video: str = ""
    other_audio: str = ""


class Section:
    """Puts the sections of one PID together."""

    def __init__(self) -> None:
        self._bytes: bytearray | None = None

    def take(self, begins: bool, payload: bytes) -> bytes | None:
        """The payload of the next packet; a whole section with the right checksum when it completes one."""
        if begins:
            self._bytes = bytearray(payload[1 + payload[0] :]) if payload else None
        elif self._bytes is not None:
            self._bytes += payload
        if self._bytes is None or len(self._bytes) < 3:
            return None
        size = 3 + ((self._bytes[1] & 0x0F) << 8 | self._bytes[2])
        if size > _MAX_SECTION:
            self._bytes = None
        elif len(self._bytes) >= size:
            section, self._bytes = bytes(self._bytes[:size]), None
            return section if size >= 12 and crc32(section) == 0 else None
        return None

    def forget(self) -> None:
        """Packets are missing."""
        self._bytes = None


def read_pat(section: bytes) -> int | None:
    """The PID of the first program's map; None when there is none."""
    if section[0] != 0:
        return None
    for position in range(8, len(section) - 7, 4):
        if section[position : position + 2] != b"\0\0":  # 0 is the network's own table
            return _pid(section, position + 2)
    return None


def read_pmt(section: bytes) -> Program | None:
    """What a program consists of; None when this is no program map."""
    if section[0] != 2:
        return None
    found: dict[str, int] = {}
    other: dict[str, str] = {}
    position, end = 12 + _length(section, 10), len(section) - 4
    while position + 5 <= end:
        kind, size = section[position], _length(section, position + 3)
        if kind == _H264:
            found.setdefault("video", _pid(section, position + 1))
        elif kind == _AAC:
            found.setdefault("audio", _pid(section, position + 1))
        else:
            video, audio = _name(kind, section[position + 5 : min(position + 5 + size, end)])
            other["video"] = other.get("video") or video
            other["audio"] = other.get("audio") or audio
        position += 5 + size
    return Program(
        found.get("video"),
        found.get("audio"),
        other.get("video", "") if "video" not in found else "",
        other.get("audio", "") if "audio" not in found else "",
    )


def crc32(data: bytes) -> int:
    """The checksum of sections (annex A); 0 over one that contains its own."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value << 8) & 0xFFFFFFFF ^ _CRC[value >> 24 ^ byte]
    return value


def _crc_of(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1) & 0xFFFFFFFF ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value


_CRC = tuple(_crc_of(byte) for byte in range(256))


def _name(kind: int, descriptors: bytes) -> tuple[str, str]:
    """The names of a video codec and of an audio codec, one of them or both empty."""
    if kind != _PRIVATE:
        return _VIDEO_NAMES.get(kind, ""), _AUDIO_NAMES.get(kind, "")
    position = 0
    while position + 2 <= len(descriptors):
        tag, size = descriptors[position], descriptors[position + 1]
        if tag == _REGISTRATION:
            format = descriptors[position + 2 : position + 6]
            return _VIDEO_FORMATS.get(format, ""), _AUDIO_FORMATS.get(format, "")
        if tag in _AUDIO_TAGS:
            return "", _AUDIO_TAGS[tag]
        position += 2 + size
    return "", ""


def _pid(section: bytes, position: int) -> int:
    return (section[position] & 0x1F) << 8 | section[position + 1]


def _length(section: bytes, position: int) -> int:
    return (section[position] & 0x0F) << 8 | section[position + 1]
