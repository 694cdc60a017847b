"""How a good input becomes a bad one."""

from __future__ import annotations

from random import Random

_NUMBERS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0xFFFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)


def mutated(random: Random, data: bytes) -> bytes:
    """`data` with one to four faults: bits, lengths, holes, repetitions, an early end."""
    for _ in range(random.choice((1, 1, 2, 4))):
        data = _MUTATIONS[random.randrange(len(_MUTATIONS))](random, data, random.randrange(len(data) + 1))
    return data


def pieces(random: Random, data: bytes) -> list[bytes]:
    """`data` as a network might deliver it."""
    if not data or random.random() < 0.5:
        return [data] if data else []
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(1, 5)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b]


def _flip(random: Random, data: bytes, at: int) -> bytes:
    if at >= len(data):
        return data
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _number(random: Random, data: bytes, at: int) -> bytes:
    size = random.choice((1, 2, 3, 4))
    return (
        data[:at] + (random.choice(_NUMBERS) & (1 << 8 * size) - 1).to_bytes(size, "big") + data[at + size :]
    )


def _insert(random: Random, data: bytes, at: int) -> bytes:
    return data[:at] + random.randbytes(random.randrange(1, 40)) + data[at:]


def _cut_out(random: Random, data: bytes, at: int) -> bytes:
    return data[:at] + data[at + random.randrange(1, 200) :]


def _repeat(random: Random, data: bytes, at: int) -> bytes:
    part = data[at : at + random.randrange(1, 200)]
    return data[:at] + part * random.choice((2, 2, 8)) + data[at + len(part) :]


def _end(random: Random, data: bytes, at: int) -> bytes:
    return data[:at]


_MUTATIONS = (_flip, _flip, _number, _number, _insert, _cut_out, _repeat, _end)
