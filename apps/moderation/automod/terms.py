"""Words and phrases of a rule, found in the normal form: all of them in one pass, whatever they are.

RE2 runs them as one automaton: the time is linear in the message, and no term can make it slow.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import re2

from .lookalikes import READ_AS
from .normal import origin, spelled

# The endings that a word of the built-in list takes besides its own form.
ENDINGS = ("s", "es", "ed", "er", "ers", "in", "ing", "ings", "y")
# Shorter words are matched as they are: `a*s` may be anything.
MASKED_LEAST = 4
_CLASSES: dict[str, str] = {}
for capital, characters in READ_AS.items():
    for character in characters:
        _CLASSES[character] = _CLASSES.get(character, character) + capital


def pattern_of(term: str, *, endings: Sequence[str] = ()) -> str:
    """The pattern that finds `term` in a `searched` text; `*` stands for the rest of a word.

    Each letter may be repeated, written with a digit that looks like it, or, inside a longer word, be masked.
    """
    inner = r"[^ \n]*".join(_words(part) for part in term.strip("*").split("*") if spelled(part))
    tail = f"(?:{'|'.join(_letters(ending) for ending in endings)})?" if endings else ""
    return ("" if term.startswith("*") else " ") + inner + tail + ("" if term.endswith("*") else " ")


def _words(part: str) -> str:
    return " *".join(_letters(word) for word in spelled(part).split())


def _letters(word: str) -> str:
    runs = [(letter, len(list(run))) for letter, run in itertools.groupby(word)]
    masked = len(word) >= MASKED_LEAST
    pieces = []
    for place, (letter, length) in enumerate(runs):
        characters = _CLASSES.get(letter) or re2.escape(letter)
        if masked and 0 < place < len(runs) - 1:
            characters += "*"
        pieces.append(f"[{characters}]" + ("+" if length == 1 else f"{{{length},}}"))
    return "".join(pieces)


def either(patterns: Sequence[str]) -> re2._Regexp | None:
    """Patterns as people write them, found in whatever casing; None when there are none."""
    return union([f"(?i:{pattern})" for pattern in patterns])


def union(patterns: Sequence[str]) -> re2._Regexp | None:
    """All patterns as one, run in one pass; None when there are none."""
    if not patterns:
        return None
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    # Room for the program and for the states that messages make it visit; a full cache starts anew.
    options.max_mem = (4 << 20) + 400 * sum(map(len, patterns))
    return re2.compile("|".join(patterns), options)


class TermList:
    """Patterns over the normal form, with those that are permitted taken out before."""

    def __init__(self, patterns: Sequence[str], permitted: Sequence[str] = ()) -> None:
        self._any = union(patterns)
        self._permitted = union(permitted)

    def permitting(self, permitted: Sequence[str]) -> TermList:
        """The same list, its patterns shared, with other permitted ones."""
        other = TermList([], permitted)
        other._any = self._any
        return other

    def find(self, text: str, readings: str) -> tuple[int, int] | None:
        """Where in `text` the first pattern stands; `readings` is its `searched` form."""
        if self._any is None or (match := self._any.search(readings)) is None:
            return None
        if self._permitted is not None:
            # Twice: neighbours share the blank between them, and the first pass takes every other one.
            once = self._permitted.sub(_blotted, readings)
            match = self._any.search(self._permitted.sub(_blotted, once))
        if match is None:
            return None
        found = match.group()
        start = match.start() + len(found) - len(found.lstrip())
        return origin(text, start, start + len(found.strip()))


def _blotted(match: re.Match[str]) -> str:
    return re.sub(r"[^ \n]", "\1", match.group())
