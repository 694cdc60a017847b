"""The RTMP handshake: plain (specification 5.2) and with digests, as Flash-era clients and ffmpeg do it.

The digest variant is in no public specification; it proves nothing about the peer (the keys are in every
client), but some encoders insist on it. C1 and S1 carry an HMAC-SHA256 of themselves at a place computed from
four of their own bytes, and C2/S2 sign the other side's digest.
"""

from __future__ import annotations

import hmac
import os
import struct

SIZE = 1536
VERSION = 3

_RANDOM_KEY = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae")
_PLAYER_KEY = b"Genuine Adobe Flash Player 001"
_SERVER_KEY = b"Genuine Adobe Flash Media Server 001"
_SERVER_SOFTWARE = bytes((4, 5, 0, 1))
_PLAYER_SOFTWARE = bytes((9, 0, 124, 2))


class HandshakeError(ValueError):
    """The peer does not speak RTMP."""


def answer(c0c1: bytes) -> bytes:
    """S0, S1 and S2 for the client's C0 and C1 (1537 bytes), in the variant the client chose."""
    if c0c1[0] != VERSION:
        raise HandshakeError(f"RTMP version {c0c1[0]} is not {VERSION}")
    c1 = c0c1[1:]
    digest = _find_digest(c1, _PLAYER_KEY)
    if digest is None:
        return bytes((VERSION,)) + struct.pack(">II", 0, 0) + os.urandom(SIZE - 8) + c1
    scheme, client_digest = digest
    s1 = _signed(struct.pack(">I", 0) + _SERVER_SOFTWARE + os.urandom(SIZE - 8), _SERVER_KEY, scheme)
    return bytes((VERSION,)) + s1 + _countersigned(client_digest, _SERVER_KEY + _RANDOM_KEY)


def ask(*, digests: bool) -> bytes:
    """C0 and C1 of a client."""
    if not digests:
        return bytes((VERSION,)) + struct.pack(">II", 0, 0) + os.urandom(SIZE - 8)
    c1 = struct.pack(">I", 0) + _PLAYER_SOFTWARE + os.urandom(SIZE - 8)
    return bytes((VERSION,)) + _signed(c1, _PLAYER_KEY, 0)


def confirm(s0s1s2: bytes, c0c1: bytes) -> bytes:
    """C2 for the server's answer (3073 bytes) to `c0c1`; HandshakeError when S2 does not fit."""
    s1, s2 = s0s1s2[1 : 1 + SIZE], s0s1s2[1 + SIZE :]
    if s0s1s2[0] != VERSION:
        raise HandshakeError("the server does not speak RTMP")
    asked = _find_digest(c0c1[1:], _PLAYER_KEY)
    answered = _find_digest(s1, _SERVER_KEY)
    if asked is None or answered is None:
        if s2 != c0c1[1:]:
            raise HandshakeError("the server does not echo the client's bytes")
        return s1
    if not hmac.compare_digest(_countersignature(asked[1], _SERVER_KEY + _RANDOM_KEY, s2[:-32]), s2[-32:]):
        raise HandshakeError("the server's signature is wrong")
    return _countersigned(answered[1], _PLAYER_KEY + _RANDOM_KEY)


def _countersignature(digest: bytes, key: bytes, noise: bytes) -> bytes:
    return hmac.digest(hmac.digest(key, digest, "sha256"), noise, "sha256")


def _countersigned(digest: bytes, key: bytes) -> bytes:
    noise = os.urandom(SIZE - 32)
    return noise + _countersignature(digest, key, noise)


def _digest_offset(block: bytes, scheme: int) -> int:
    """Where the 32 digest bytes lie: scheme 0 in the first half of the block, scheme 1 in the second."""
    start = 8 if scheme == 0 else 772
    return sum(block[start : start + 4]) % 728 + start + 4


def _digest_at(block: bytes, key: bytes, offset: int) -> bytes:
    return hmac.digest(key, block[:offset] + block[offset + 32 :], "sha256")


def _signed(block: bytes, key: bytes, scheme: int) -> bytes:
    offset = _digest_offset(block, scheme)
    return block[:offset] + _digest_at(block, key, offset) + block[offset + 32 :]


def _find_digest(block: bytes, key: bytes) -> tuple[int, bytes] | None:
    """The scheme in which `block` is validly signed by `key`, and the digest; None for a plain handshake."""
    for scheme in (0, 1):
        offset = _digest_offset(block, scheme)
        found = block[offset : offset + 32]
        if hmac.compare_digest(found, _digest_at(block, key, offset)):
            return scheme, found
    return None
