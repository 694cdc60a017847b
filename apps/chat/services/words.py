"""Reading what people type behind a slash: words from the left, and lengths of time. Pure."""

from __future__ import annotations

import re

from apps.core.errors import Invalid

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_NAMES = {86_400: "day", 3600: "hour", 60: "minute", 1: "second"}
_LENGTH = re.compile(r"(?:\d{1,9}[smhdw])+|\d{1,9}", re.ASCII | re.IGNORECASE)
_PART = re.compile(r"(\d+)([smhdw])", re.ASCII | re.IGNORECASE)


class BadCommand(Invalid):
    """A command that can't be carried out as it was typed; the message says how it is written."""

    code = "BAD_COMMAND"


class Words:
    """What stands behind a command's name. `written` is how the command is written, for refusals."""

    def __init__(self, text: str, written: str) -> None:
        self._left, self._written = text.strip(), written

    def wrong(self, why: str) -> BadCommand:
        return BadCommand(f"{why} It is written {self._written}")

    def next(self) -> str:
        """The next word; "" when there is none."""
        word, _, left = self._left.partition(" ")
        self._left = left.strip()
        return word

    def rest(self) -> str:
        """All that is left."""
        text, self._left = self._left, ""
        return text

    def end(self) -> None:
        """Refuse what nobody asked for: it was meant for something."""
        if self._left:
            raise self.wrong(f"“{self._left[:40]}” has no place in this command.")

    def seconds(self, *, otherwise: int, unit: int = 1) -> int:
        """The length of time that stands next, in seconds, or `otherwise` when something else does.

        A bare number counts in `unit` seconds.
        """
        seconds = parse_duration(self._left.partition(" ")[0], unit=unit)
        if seconds is None:
            return otherwise
        self.next()
        return seconds


def parse_duration(text: str, *, unit: int = 1) -> int | None:
    """The seconds of 90, 30s, 10m, 2h, 1d, 1w or 1h30m; None for what is no length of time.

    A bare number counts in `unit` seconds.
    """
    if not _LENGTH.fullmatch(text):
        return None
    if text.isdigit():
        return int(text) * unit
    return sum(int(number) * _UNITS[letter.lower()] for number, letter in _PART.findall(text))


def spoken(seconds: int) -> str:
    """A length of time in words, such as "1 hour 30 minutes"."""
    told: list[str] = []
    for size, name in _NAMES.items():
        count, seconds = divmod(seconds, size)
        if count:
            told.append(f"{count} {name}" if count == 1 else f"{count} {name}s")
    return " ".join(told) or "0 seconds"
