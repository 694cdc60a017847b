"""Text that people type, brought into one form before it is stored."""

from __future__ import annotations

import unicodedata

from .errors import Invalid

# Letters and marks in any script, but nothing that reorders, hides or breaks a line.
# Unassigned ones pass: they are this year's emoji to a Python of last year.
_FORBIDDEN = {"Cc", "Cs", "Co"}
# Marks, separators and format characters draw nothing by themselves; these letters draw nothing, too.
_INVISIBLE = {"Cf", "Cc", "Mn", "Me", "Zs", "Zl", "Zp"}
_BLANKS = {*"\u115f\u1160\u3164\uffa0\u2800"}
_BIDI = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def clean(value: str, *, field: str, most: int, least: int = 0, lines: bool = False) -> str:
    """NFC, without control characters, white space folded, within [least, most] characters.

    With `lines` line breaks stay. Raises Invalid that names `field` and the rule.
    """
    if not isinstance(value, str):
        raise Invalid.field(field, f"{field} must be text.")
    # Bound the work before normalising: a megabyte is refused, not folded.
    if len(value) > 4 * most + 1000:
        raise Invalid.field(field, f"Use at most {most} characters ({len(value)} now).")
    value = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    kept = "".join(
        c for c in value if c == "\n" or (unicodedata.category(c) not in _FORBIDDEN and not _is_unfit(c))
    )
    if lines:
        text = "\n".join(" ".join(line.split()) for line in kept.split("\n")).strip()
    else:
        text = " ".join(kept.split())
    if len(text) > most:
        raise Invalid.field(field, f"Use at most {most} characters ({len(text)} now).")
    if len(text) < least or (least and not any(map(is_visible, text))):
        what = "This can't be empty." if least == 1 else f"Use at least {least} characters."
        raise Invalid.field(field, what)
    return text


def is_visible(character: str) -> bool:
    """Whether the character draws something by itself."""
    return unicodedata.category(character) not in _INVISIBLE and character not in _BLANKS


def _is_unfit(character: str) -> bool:
    """Controls of direction, and Unicode's noncharacters (section 23.7)."""
    code = ord(character)
    return character in _BIDI or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
