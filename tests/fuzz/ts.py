"""MPEG transport streams."""

from __future__ import annotations

from random import Random

from apps.streams.media import Refused
from apps.streams.media.ts.demuxer import PACKET, TsDemuxer
from tests.fuzz.mutation import mutated, pieces
from tests.fuzz.stage import PPS as PPS_UNIT
from tests.fuzz.stage import SPS as SPS_UNIT
from tests.fuzz.stage import Stage
from tests.streams.media.ts_muxer import AUDIO, START, VIDEO, TsMuxer, adts

_KINDS = (0x1B, 0x1B, 0x1B, 0x0F, 0x06, 0x24, 0x81, 0x02, 0xFF)
_TIMES = (0, 90_000, (1 << 33) - 1, 1 << 32)


async def run(random: Random) -> None:
    """One stream. Only Refused may come of it."""
    stage = Stage()
    demuxer = TsDemuxer(stage, encoder="fuzz", max_unit=100_000)
    try:
        for piece in pieces(random, stream(random)):
            demuxer.feed(piece)
            if random.random() < 0.1:
                demuxer.lost()
    except Refused as refusal:
        stage.on_refused(refusal)
    stage.judge()


def stream(random: Random) -> bytes:
    """A transport stream that is nearly right."""
    muxer = TsMuxer()
    if random.random() < 0.2:
        muxer.streams = [
            (
                random.choice(_KINDS),
                random.choice((VIDEO, AUDIO, 0, 0x1000, 0x1FFF)),
                random.randbytes(random.randrange(9)),
            )
            for _ in range(random.randrange(4))
        ]
    data = muxer.tables()
    time = random.choice(_TIMES)
    for number in range(random.randrange(10)):
        data += muxer.unit(
            VIDEO, time + 3000, _picture(random, number), dts=time, sized=random.random() < 0.5
        )
        data += muxer.unit(AUDIO, time, _sound(random), sized=random.random() < 0.9)
        time = random.choice(_TIMES) if random.random() < 0.05 else time + 3000
    return faulty(random, data)


def faulty(random: Random, data: bytes) -> bytes:
    """Packets with faults, and packets that are lost, sent twice, or out of order."""
    packets = [data[at : at + PACKET] for at in range(0, len(data), PACKET)]
    for _ in range(random.choice((0, 1, 2, 4))):
        at = random.randrange(len(packets))
        what = random.randrange(5)
        if what < 2:
            packets[at] = mutated(random, packets[at])
        elif what == 2:
            packets[at] = b""
        elif what == 3:
            packets[at] *= 2
        else:
            packets[at], packets[at - 1] = packets[at - 1], packets[at]
    return b"".join(packets)


def _picture(random: Random, number: int) -> bytes:
    sets = START + SPS_UNIT + START + PPS_UNIT if number % 4 == 0 else b""
    kind = b"\x65" if number % 4 == 0 else b"\x41"
    data = sets + START + kind + random.randbytes(random.randrange(400))
    return mutated(random, data) if random.random() < 0.2 else data


def _sound(random: Random) -> bytes:
    data = b"".join(adts(random.randbytes(random.randrange(60))) for _ in range(random.randrange(1, 4)))
    return mutated(random, data) if random.random() < 0.2 else data
