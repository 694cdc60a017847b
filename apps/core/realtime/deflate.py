"""Compressed messages (permessage-deflate, RFC 7692): once for a whole room instead of once for each socket.

Every message begins with an empty window, in both directions: then the same bytes are right for everybody who
agreed, and no connection keeps a compressor.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from .closing import Broken, Close

ANSWER = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"
# A single message of a chat becomes two thirds, thirty become a fifth; higher levels give little more.
LEVEL = 1
# What every compressed message ends with, and nobody sends (section 7.2.1).
_TAIL = b"\x00\x00\xff\xff"
# What an offer may ask for, and whether it may have a value. A window of ours that is smaller than the usual
# one is not among it: those who want one are served uncompressed.
_KNOWN = {
    "server_no_context_takeover": False,
    "client_no_context_takeover": False,
    "client_max_window_bits": True,
}
_WINDOWS = {str(bits) for bits in range(8, 16)}


@lru_cache(maxsize=64)  # browsers know a handful
def is_offered(extensions: bytes) -> bool:
    """Whether ANSWER fits one of the offers in a client's `Sec-WebSocket-Extensions` (section 7)."""
    return any(_is_fit(offer) for offer in extensions.decode("latin-1").split(","))


def _is_fit(offer: str) -> bool:
    name, *parameters = (part.strip() for part in offer.split(";"))
    named = [parameter.partition("=") for parameter in parameters]
    names = [key.strip() for key, _, _ in named]
    return (
        name == "permessage-deflate"
        and len(names) == len(set(names))
        and all(_is_known(key.strip(), is_given, value) for key, is_given, value in named)
    )


def _is_known(key: str, is_given: str, value: str) -> bool:
    if is_given:
        return _KNOWN.get(key, False) and value.strip().strip('"') in _WINDOWS
    return key in _KNOWN


def deflate(content: bytes) -> bytes:
    """The payload of a compressed message."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return (compressor.compress(content) + compressor.flush(zlib.Z_SYNC_FLUSH))[: -len(_TAIL)]


def inflate(content: bytes, most: int) -> bytes:
    """What a compressed message says. Raises Broken when it is none, or says more than `most` bytes."""
    try:
        plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content + _TAIL, most + 1)
    except zlib.error:
        raise Broken(Close.PROTOCOL, "This is no compressed message.") from None
    if len(plain) > most:
        raise Broken(Close.TOO_LARGE, f"A message has at most {most} bytes.")
    return plain
