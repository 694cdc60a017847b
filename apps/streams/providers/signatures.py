"""Signed webhooks: `Header: t=<unix seconds>,v1=<hex>`, an HMAC-SHA256 over "<t>.<body>".

Cloudflare Stream (`Webhook-Signature`, fields `time` and `sig1`) and Mux (`Mux-Signature`, `t` and `v1`) sign
alike.
"""

from __future__ import annotations

import hashlib
import hmac

from .ports import SignatureWrong

# How old, or how much ahead of our clock, a request may be: later it may be somebody's recording of it.
TOLERANCE = 300
_LONGEST = 2000


def verify(
    header: str, *, body: bytes, secret: str, now: float, time_field: str, signature_field: str
) -> None:
    """Raise SignatureWrong unless one of the header's signatures is that of exactly these bytes, made within
    TOLERANCE seconds of `now`."""
    pairs = [pair.strip().partition("=") for pair in header[:_LONGEST].split(",")]
    times = [value for name, _, value in pairs if name == time_field]
    signatures = [value for name, _, value in pairs if name == signature_field]
    if len(times) != 1 or not times[0].isdecimal() or not times[0].isascii() or not signatures:
        raise SignatureWrong("it is missing, or not of the form that is expected.")
    expected = sign(body, secret=secret, at=times[0])
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in signatures):
        raise SignatureWrong("it was made with another secret, or over another body.")
    if abs(now - int(times[0])) > TOLERANCE:
        raise SignatureWrong("it is too old. Check the clocks.")


def sign(body: bytes, *, secret: str, at: str) -> str:
    """The signature in hex."""
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def verify_token(header: str, *, secret: str) -> None:
    """Raise SignatureWrong unless the header is the shared secret itself."""
    if not hmac.compare_digest(header.encode(), secret.encode()):
        raise SignatureWrong("its secret is another one.")
