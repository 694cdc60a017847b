"""What decoder configurations say: H.264 (ISO/IEC 14496-15, 14496-10 7.3.2.1) and AAC (14496-3 1.6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MAX_SIDE = 8192
_MAX_RECORD = 4096
_MAX_AUDIO_RECORD = 64
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_RECORDED_CHROMA = {100, 110, 122, 144}
_SAMPLE_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)


class CodecError(ValueError):
    """The configuration is damaged or describes something nobody can play."""


@dataclass(frozen=True, slots=True)
class AvcConfig:
    """An `avcC` record and what follows from it. `frame_rate` is 0 when the stream does not tell."""

    record: bytes
    codec: str
    width: int
    height: int
    frame_rate: float


@dataclass(frozen=True, slots=True)
class AacConfig:
    """An AudioSpecificConfig and what follows from it; one frame is `frame_samples` at `sample_rate`."""

    record: bytes
    codec: str
    sample_rate: int
    channels: int
    frame_samples: int


def read_avc(record: bytes) -> AvcConfig:
    """Parse an AVCDecoderConfigurationRecord; CodecError when it holds no usable picture description."""
    if not 9 <= len(record) <= _MAX_RECORD or record[0] != 1 or not record[5] & 0x1F:
        raise CodecError("the H.264 configuration is damaged")
    size = int.from_bytes(record[6:8], "big")
    sps = record[8 : 8 + size]
    if len(sps) != size or size < 4 or sps[0] & 0x1F != 7:
        raise CodecError("the H.264 configuration has no picture description")
    try:
        width, height, frame_rate = _read_sps(sps)
    except IndexError as error:
        raise CodecError("the H.264 picture description is cut off") from error
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise CodecError(f"a picture of {width} x {height} is impossible")
    codec = f"avc1.{record[1]:02x}{record[2]:02x}{record[3]:02x}"
    return AvcConfig(record, codec, width, height, frame_rate)


def avc_record(sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """The AVCDecoderConfigurationRecord of parameter sets; CodecError for ones that no record can hold."""
    first = sps[0]
    if len(first) < 4 or len(sps) > 31 or len(pps) > 255 or any(len(each) > 0xFFFF for each in (*sps, *pps)):
        raise CodecError("the H.264 parameter sets are damaged")
    record = bytearray((1, first[1], first[2], first[3], 0xFF, 0xE0 | len(sps)))
    for each in sps:
        record += len(each).to_bytes(2, "big") + each
    record.append(len(pps))
    for each in pps:
        record += len(each).to_bytes(2, "big") + each
    if first[1] in _RECORDED_CHROMA:
        try:
            record += _chroma_bytes(first)
        except IndexError as error:
            raise CodecError("the H.264 picture description is cut off") from error
    return bytes(record)


def aac_record(adts: bytes) -> tuple[bytes, int]:
    """The AudioSpecificConfig of a frame with ADTS header, and its sample rate; CodecError for an impossible
    one."""
    object_type, index = (adts[2] >> 6) + 1, adts[2] >> 2 & 15
    channels = (adts[2] & 1) << 2 | adts[3] >> 6
    if index >= len(_SAMPLE_RATES) or not channels:
        raise CodecError("the AAC frames do not tell their sample rate and channels")
    return (object_type << 11 | index << 7 | channels << 3).to_bytes(2, "big"), _SAMPLE_RATES[index]


def read_aac(record: bytes) -> AacConfig:
    """Parse an AudioSpecificConfig; the sample rate is that of the coded core, which counts the frames."""
    if len(record) > _MAX_AUDIO_RECORD:
        raise CodecError("the AAC configuration is too long")
    try:
        bits = _Bits(record)
        object_type = _object_type(bits)
        sample_rate = _sample_rate(bits)
        channel_index = bits.read(4)
        if object_type in (5, 29):  # SBR announced explicitly: the core's own description follows
            _sample_rate(bits)
            _object_type(bits)
        frame_samples = 960 if bits.read(1) else 1024
    except IndexError as error:
        raise CodecError("the AAC configuration is cut off") from error
    if (
        object_type not in (1, 2, 3, 4, 5, 29)
        or not 7350 <= sample_rate <= 96000
        or channel_index >= len(_CHANNELS)
    ):
        raise CodecError("the AAC configuration is not supported")
    return AacConfig(record, f"mp4a.40.{object_type}", sample_rate, _CHANNELS[channel_index], frame_samples)


def silence(config: AacConfig) -> bytes | None:
    """One frame without sound for AAC-LC in mono or stereo; None for configurations it would not fit."""
    if config.codec != "mp4a.40.2" or config.frame_samples != 1024:
        return None
    return _SILENT_FRAMES.get(config.channels)


# One raw_data_block with empty sections: a single channel element, and a channel pair element.
_SILENT_FRAMES = {1: bytes.fromhex("00c800802380"), 2: bytes.fromhex("210049900219002380")}


class _Bits:
    """Big-endian bit reader; IndexError past the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def read(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte = self.data[self.position >> 3]
            value = value << 1 | byte >> (7 - (self.position & 7)) & 1
            self.position += 1
        return value

    def unsigned(self) -> int:
        """An Exp-Golomb code, ue(v)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise CodecError("the H.264 picture description is damaged")
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _read_sps(sps: bytes) -> tuple[int, int, float]:
    """Width, height after cropping, and frame rate of a sequence parameter set."""
    bits = _Bits(sps.replace(b"\x00\x00\x03", b"\x00\x00"))
    bits.read(8)
    profile = bits.read(8)
    bits.read(16)
    bits.unsigned()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.unsigned()
        _skip_high_profile(bits, chroma)
    bits.unsigned()
    _skip_picture_order(bits)
    bits.unsigned()
    bits.read(1)
    width = (bits.unsigned() + 1) * 16
    map_units = bits.unsigned() + 1
    frames_only = bits.read(1)
    height = map_units * 16 * (2 - frames_only)
    if not frames_only:
        bits.read(1)
    bits.read(1)
    if bits.read(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1) * (2 - frames_only)
    return width, height, _frame_rate(bits)


def _chroma_bytes(sps: bytes) -> bytes:
    """The record's end for profiles that have more than 8 bits and 4:2:0 (14496-15, 5.3.3.1)."""
    bits = _Bits(sps.replace(b"\x00\x00\x03", b"\x00\x00"))
    bits.read(32)
    bits.unsigned()
    chroma = bits.unsigned()
    if chroma == 3:
        bits.read(1)
    luma_depth, chroma_depth = bits.unsigned(), bits.unsigned()
    if chroma > 3 or luma_depth > 7 or chroma_depth > 7:
        raise CodecError("the H.264 picture description is damaged")
    return bytes((0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0))


def _skip_high_profile(bits: _Bits, chroma: int) -> None:
    if chroma == 3:
        bits.read(1)
    bits.unsigned()
    bits.unsigned()
    bits.read(1)
    if not bits.read(1):
        return
    for index in range(8 if chroma != 3 else 12):
        if bits.read(1):
            _skip_scaling_list(bits, 16 if index < 6 else 64)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.read(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()


def _frame_rate(bits: _Bits) -> float:
    """From the VUI, which may be missing: then 0."""
    if not bits.read(1):
        return 0.0
    if bits.read(1) and bits.read(8) == 255:
        bits.read(32)
    if bits.read(1):
        bits.read(1)
    if bits.read(1):
        bits.read(4)
        if bits.read(1):
            bits.read(24)
    if bits.read(1):
        bits.unsigned()
        bits.unsigned()
    if not bits.read(1):
        return 0.0
    units, scale = bits.read(32), bits.read(32)
    return scale / (2 * units) if units else 0.0


def _object_type(bits: _Bits) -> int:
    value = bits.read(5)
    return 32 + bits.read(6) if value == 31 else value


def _sample_rate(bits: _Bits) -> int:
    index = bits.read(4)
    if index == 15:
        return bits.read(24)
    if index >= len(_SAMPLE_RATES):
        raise CodecError("the AAC sample rate is unknown")
    return _SAMPLE_RATES[index]
