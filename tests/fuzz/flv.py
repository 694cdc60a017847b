"""FLV files, and the bodies of audio, video and data messages."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from apps.streams.media import Refused, amf0
from apps.streams.media.flv import FlvReader, Tag
from tests.fuzz.mutation import mutated, pieces
from tests.fuzz.stage import Stage, tags

_VALUES = (0.0, -1.0, float("nan"), float("inf"), 1e300, "", "x" * 300, None, True, [], {"a": {}}, [1.0] * 9)
_NAMES = ("encoder", "framerate", "videoframerate", "audiocodecid", "hasAudio", "width")
_TIMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


async def run(random: Random) -> None:
    """One input. Only Refused, and ValueError for what is no FLV, may come of it."""
    sent = tags(random)
    metadata = {random.choice(_NAMES): random.choice(_VALUES) for _ in range(3)}
    sent.insert(0, Tag(18, 0, amf0.encode("onMetaData", metadata)))
    for _ in range(random.randrange(4)):
        at = random.randrange(len(sent))
        if random.random() < 0.7:
            sent[at] = replace(sent[at], body=mutated(random, sent[at].body))
        else:
            sent[at] = replace(sent[at], timestamp=random.choice(_TIMES))
    data = _file(sent)
    if random.random() < 0.3:
        data = mutated(random, data)
    stage, reader = Stage(), FlvReader()
    try:
        for piece in pieces(random, data):
            for tag in reader.feed(piece):
                _deliver(stage, tag)
    except Refused as refusal:
        stage.on_refused(refusal)
    except ValueError as error:
        assert isinstance(error, amf0.AmfError) or str(error) == "not an FLV file", error
    stage.judge()


def _deliver(stage: Stage, tag: Tag) -> None:
    if tag.kind == 9:
        stage.on_video(tag.timestamp, tag.body)
    elif tag.kind == 8:
        stage.on_audio(tag.timestamp, tag.body)
    elif tag.kind == 18:
        values = amf0.decode_all(tag.body)
        if len(values) > 1 and isinstance(values[1], dict):
            stage.on_metadata(values[1])


def _file(sent: list[Tag]) -> bytes:
    parts = [b"FLV\x01\x05\0\0\0\x09\0\0\0\0"]
    for tag in sent:
        head = bytes([tag.kind]) + len(tag.body).to_bytes(3, "big")
        time = tag.timestamp.to_bytes(4, "big")
        parts += [head, time[1:], time[:1], bytes(3), tag.body, (11 + len(tag.body)).to_bytes(4, "big")]
    return b"".join(parts)
