"""The browser's own id: one per browser, random, without meaning elsewhere."""

from __future__ import annotations

import secrets
from typing import Any

COOKIE = "viewer"
LENGTH = 16


def is_viewer_id(held: str) -> bool:
    """Whether this could be an id that we gave."""
    return len(held) == LENGTH and held.isascii() and held.isalnum()


def new_viewer_id() -> str:
    return secrets.token_hex(LENGTH // 2)


def viewer_id(request: Any) -> str:
    """The id of the request's browser, set by `aethex.middleware.ViewerId`; of a Django or a DRF request."""
    return str(getattr(request, "_request", request).viewer_id)
