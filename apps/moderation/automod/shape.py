"""What a message looks like, apart from its words: capitals and repetition."""

from __future__ import annotations

import operator
import re
from functools import cache
from itertools import groupby

# Pictures, flags and signs that are drawn as pictures; modifiers and joiners belong to the one before.
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa"
    "\U0001f400-\U0001faff]"
)


def shouts(text: str, *, share: float, least: int) -> bool:
    """Whether at least `share` of its letters are capitals; shorter ones than `least` letters never are."""
    if len(text) < least or text.islower():
        return False
    letters = sum(map(str.isalpha, text))
    return letters >= least and sum(map(operator.ne, text, text.lower())) >= share * letters


def repeats(text: str, *, characters: int, words: int, emoji: int) -> tuple[int, int] | None:
    """Where one character or one word is repeated that often in a row, or all of it for too many emoji."""
    if len(text) >= characters and (run := _run_of(characters).search(text)):
        return run.span()
    if text.count(" ") >= words - 1 and (span := _same_words(text, words)):
        return span
    if not text.isascii() and len(_EMOJI.findall(text)) >= emoji:
        return 0, len(text)
    return None


@cache
def _run_of(most: int) -> re.Pattern[str]:
    return re.compile(rf"(\S)\1{{{most - 1},}}", re.IGNORECASE)


def _same_words(text: str, words: int) -> tuple[int, int] | None:
    for _, run in groupby(re.finditer(r"\S+", text), key=lambda word: word.group().casefold()):
        same = list(run)
        if len(same) >= words:
            return same[0].start(), same[-1].end()
    return None
