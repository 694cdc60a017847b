"""RTMP made ready in advance: a 6 Mbit/s programme as the bytes that an encoder would send, for `rtmp_load`.

Chunks and messages: Adobe's RTMP 1.0, sections 5.3, 5.4 and 7; tags: Adobe's FLV 10.1, annex E.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.load.processes import need

CHUNK = 4096
AUDIO, VIDEO, DATA, COMMAND, SET_CHUNK_SIZE = 8, 9, 18, 20, 1
CHUNK_STREAMS = {AUDIO: 4, VIDEO: 6, DATA: 5, COMMAND: 3, SET_CHUNK_SIZE: 2}
SECONDS, MEGABIT = 10, 6


@dataclass(frozen=True)
class Tag:
    """One FLV tag: message type, milliseconds, body."""

    kind: int
    time: int
    body: bytes

    @property
    def is_configuration(self) -> bool:
        """True of what describes the stream instead of being part of it: metadata, AVC and AAC headers."""
        return self.kind == DATA or (self.body[1] == 0 and self.kind in (AUDIO, VIDEO))


def encode(folder: Path, megabit: int = MEGABIT) -> Path:
    """The FLV of `SECONDS` of 1080p30: two B-frames, 2 s keyframes, constant `megabit` Mbit/s, sound."""
    flv = folder / "programme.flv"
    rate = f"{megabit}M"
    command = [need("ffmpeg", "ffmpeg"), "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30,noise=alls=12:allf=t"]
    command += ["-f", "lavfi", "-i", "sine=frequency=300:sample_rate=48000", "-t", str(SECONDS)]
    command += ["-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "60"]
    command += ["-keyint_min", "60", "-sc_threshold", "0", "-b:v", rate, "-minrate", rate, "-maxrate", rate]
    command += ["-bufsize", rate, "-x264-params", "nal-hrd=cbr", "-c:a", "aac", "-b:a", "160k", "-ac", "2"]
    subprocess.run([*command, flv], check=True)
    return flv


def tags(flv: bytes) -> Iterator[Tag]:
    """The tags of an FLV file, in order."""
    at = struct.unpack(">I", flv[5:9])[0] + 4
    while at + 11 <= len(flv):
        size = int.from_bytes(flv[at + 1 : at + 4], "big")
        time = int.from_bytes(flv[at + 4 : at + 7], "big") | flv[at + 7] << 24
        yield Tag(flv[at] & 0x1F, time, flv[at + 11 : at + 11 + size])
        at += 11 + size + 4


def message(kind: int, time: int, body: bytes, stream: int) -> bytes:
    """One RTMP message in chunks of `CHUNK` bytes, the first with a full header (type 0), the rest type 3."""
    number = CHUNK_STREAMS[kind]
    head = bytes([number]) + time.to_bytes(3, "big") + len(body).to_bytes(3, "big")
    head += bytes([kind]) + stream.to_bytes(4, "little")
    pieces = [body[i : i + CHUNK] for i in range(0, len(body), CHUNK)] or [b""]
    return head + bytes([0xC0 | number]).join(pieces)


def amf0(*values: object) -> bytes:
    """`values` in AMF0; enough of it for commands: numbers, strings, None, and objects of these."""
    out = b""
    for value in values:
        if value is None:
            out += b"\x05"
        elif isinstance(value, str):
            out += b"\x02" + _text(value)
        elif isinstance(value, dict):
            out += b"\x03" + b"".join(_text(name) + amf0(item) for name, item in value.items()) + b"\0\0\x09"
        else:
            out += b"\x00" + struct.pack(">d", value)
    return out


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def hello(port: int, key: str) -> bytes:
    """C0, C1, C2 (plain handshake) and all commands up to `publish` with `key`, one after the other."""
    handshake = b"\x03" + bytes(1536) + bytes(1536)
    connect = {
        "app": "live",
        "type": "nonprivate",
        "flashVer": "FMLE/3.0",
        "tcUrl": f"rtmp://127.0.0.1:{port}/live",
    }
    commands = [
        message(SET_CHUNK_SIZE, 0, CHUNK.to_bytes(4, "big"), 0),
        message(COMMAND, 0, amf0("connect", 1, connect), 0),
        message(COMMAND, 0, amf0("releaseStream", 2, None, key), 0),
        message(COMMAND, 0, amf0("FCPublish", 3, None, key), 0),
        message(COMMAND, 0, amf0("createStream", 4, None), 0),
        message(COMMAND, 0, amf0("publish", 5, None, key, "live"), 1),
    ]
    return handshake + b"".join(commands)


def record(flv: Path, seconds: float) -> bytes:
    """`seconds` of records for `rtmp_load`: the programme again and again, its clock running on."""
    programme = sorted(tags(flv.read_bytes()), key=lambda tag: tag.time)
    configuration = [tag for tag in programme if tag.is_configuration]
    media = [tag for tag in programme if not tag.is_configuration]
    records = [_timed(0, tag, 0) for tag in configuration]
    for turn in range(int(seconds // SECONDS) + 1):
        records += [_timed(turn * SECONDS * 1000, tag, tag.time) for tag in media]
    return b"".join(records)


def _timed(offset: int, tag: Tag, time: int) -> bytes:
    body = amf0("@setDataFrame") + tag.body if tag.kind == DATA else tag.body
    chunks = message(tag.kind, offset + time, body, 1)
    return struct.pack(">II", offset + time, len(chunks)) + chunks
