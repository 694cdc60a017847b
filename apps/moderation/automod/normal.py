"""The normal form: one spelling for all the ways in which a word can be written, and the way back.

A message is first *folded*, letter by letter: case, width, look-alikes, accents and invisible characters go.
Of the folded text there are up to two *readings*, searched as one text:

- as written: punctuation parts words, digits at a word's edges are not part of it;
- as meant: punctuation inside a word is not there, and digits and signs are the letters they look like.

In both, letters that stand alone ("f u c k") are closed up to one word. Every step but the last keeps each
character's place, and the last only leaves characters out; so what is found leads back to what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

from .lookalikes import LEET, LOOKALIKES

# Marks that decorate a letter of ours. Marks of other scripts (vowels of Hindi or Thai) spell words and stay.
_DECORATION = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05C7), (0x064B, 0x065F), (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0x1F3FB, 0x1F3FF),
    (0xE0000, 0xE01EF),
)  # fmt: skip
_BLANKS = {*"\u115f\u1160\u3164\uffa0\u2800\u034f"}
_APOSTROPHES = {*"'’‘ʼ`´′ʹ"}
_SIGNS = {*"@$!|+*"}
_GONE = "\0"  # keeps a place until the last step

_PLAIN = str.maketrans(dict.fromkeys(".@$!|+*", " "))
_MEANT = str.maketrans(LEET | {".": _GONE})
_CLOSED = str.maketrans(dict.fromkeys(" .", _GONE))
_EDGE = ".!|+*"

# Three or more letters or signs that stand alone, with up to five blanks and points between two of them.
_ALONE = re.compile(r"(?<![^ .])[\w@$!|+*](?:[ .]{1,5}[\w@$!|+*]){2,}(?![^ .])")
# What can make a second reading: most messages have nothing of it.
_UNCLEAR = re.compile(r"[0-9@$]|[.!|+*](?=[^ .])")
_DIGIT = re.compile(r"[0-9]")
_EDGE_DIGITS = re.compile(r"(?<=[^\W\d_])[0-9]+(?=[ .]|$)|(?:(?<=[ .])|^)[0-9]+(?=[^\W\d_])")
_INNER_DIGITS = re.compile(r"(?<=[^\W\d_])[0-9]+(?=[^\W\d_])")


# More than any room's languages together need; who sends all of Unicode fills no memory.
_FOLDS_MOST = 20_000


class _Folds(dict[int, str]):
    """What each character becomes; learned as they come."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < _FOLDS_MOST:
            self[code] = folded
        return folded


_FOLDS = _Folds()


def fold(text: str) -> str:
    """`text` in small plain letters and digits, blanks, signs that may be letters, `.` for punctuation."""
    return text.translate(_FOLDS)


def searched(text: str) -> str:
    """The readings of a message as terms are matched against them: words between blanks."""
    return _marked(fold(text)).replace(_GONE, "")


def spelled(term: str) -> str:
    """A term of a rule in the normal form: its words, apart by one blank."""
    return " ".join(fold(term).translate(_PLAIN).split())


def origin(text: str, start: int, end: int) -> tuple[int, int]:
    """Where in `text` that stands which was found at [start, end) of its `searched` form."""
    folded = fold(text)
    sources = list(chain.from_iterable([i] * len(_FOLDS[ord(c)]) for i, c in enumerate(text)))
    marked = _marked(folded)
    places = [*_frame(sources)] if marked.count("\n") == 0 else [*_frame(sources), -1, *_frame(sources)]
    kept = [place for place, c in zip(places, marked, strict=True) if c != _GONE]
    found = [place for place in kept[start:end] if place >= 0]
    return (min(found), max(found) + 1) if found else (0, 0)


def _frame(sources: list[int]) -> chain[int]:
    return chain([-1], sources, [-1])


def _marked(folded: str) -> str:
    """Both readings, framed by blanks, with every left-out character marked instead of removed."""
    closed = _ALONE.sub(lambda m: m.group().translate(_CLOSED), folded)
    if not _UNCLEAR.search(closed):
        return f" {closed.translate(_PLAIN)} "
    written, meant = _as_written(closed), _as_meant(closed)
    return f" {written} " if written == meant else f" {written} \n {meant} "


def _as_written(closed: str) -> str:
    if not _DIGIT.search(closed):
        return closed.translate(_PLAIN)
    without = _EDGE_DIGITS.sub(lambda m: " " * len(m.group()), closed)
    return _INNER_DIGITS.sub(lambda m: m.group().translate(_MEANT), without).translate(_PLAIN)


def _as_meant(closed: str) -> str:
    return " ".join([word if word.isalpha() else _word_meant(word) for word in closed.split(" ")])


def _word_meant(word: str) -> str:
    """The word without its punctuation and with letters for signs, if it has the letters to be one."""
    if sum(map(str.isalpha, word)) < 2:
        # `A55` is a road, `3.14` a number.
        return word.translate(_PLAIN)
    body = word.lstrip(_EDGE)
    leading = len(word) - len(body)
    body = body.rstrip(_EDGE)
    trailing = len(word) - leading - len(body)
    return " " * leading + body.translate(_MEANT) + " " * trailing


def _fold(c: str) -> str:
    if c in LOOKALIKES:
        return LOOKALIKES[c]
    if c.isspace() or c in _APOSTROPHES:
        return " "
    category = unicodedata.category(c)
    if category in ("Cf", "Cc", "Cs", "Co") or c in _BLANKS or _decorates(ord(c)):
        return ""
    for simpler in (unicodedata.normalize("NFKD", c), c.casefold()):
        if simpler != c:
            return "".join(_fold(piece) for piece in simpler)
    if category == "Nd":
        return str(unicodedata.digit(c))
    if category[0] in "LMN" or c in _SIGNS:
        return c
    if category[0] == "P" or category in ("Sm", "Sc", "Sk"):
        return "."
    return f" {c} "  # a picture is a word of its own


def _decorates(code: int) -> bool:
    return any(first <= code <= last for first, last in _DECORATION)
