"""What came over the wire, taken with care: every text has a bound, every time its zone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apps.core.errors import Invalid

_LONGEST = 200
_LONGEST_SECONDS = 365 * 86_400
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,100}")


def parsed(body: bytes) -> dict[str, Any]:
    """A webhook's JSON object; Invalid when it is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Invalid("The body of a webhook is a JSON object.", code="NO_EVENT")
    return told


def text(of: Mapping[str, Any], name: str) -> str:
    """A field that is not empty; KeyError or ValueError when it is missing or no such thing."""
    value = of[name]
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise ValueError(name)
    return value


def identifier(of: Mapping[str, Any], name: str) -> str:
    """A field that can stand in an address as it is; KeyError or ValueError like `text`."""
    value = text(of, name)
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(name)
    return value


def milliseconds(seconds: object) -> int:
    """A duration, 0 where it is not known; ValueError or TypeError for what no recording can have."""
    found = float(seconds)  # type: ignore[arg-type]  # TypeError is its answer to what is no number
    if not abs(found) <= _LONGEST_SECONDS:
        raise ValueError(seconds)
    return max(round(found * 1000), 0)


def moment(value: str | int | float) -> datetime:
    """ISO 8601 with a zone, or seconds since the epoch, as number or text; ValueError for anything else."""
    try:
        if isinstance(value, bool):
            raise ValueError(value)
        if isinstance(value, int | float) or value.isdecimal():
            return datetime.fromtimestamp(float(value), UTC)
        at = datetime.fromisoformat(value)
    except (OverflowError, OSError, TypeError, AttributeError) as error:
        raise ValueError(value) from error
    if at.tzinfo is None:
        raise ValueError(value)
    return at.astimezone(UTC)
