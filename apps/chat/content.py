"""What may be said: the rule of a message's text. Pure."""

from __future__ import annotations

import unicodedata

from apps.core.errors import Invalid
from apps.core.text import clean

CONTENT_MOST = 500
# Marks, separators and format characters draw nothing by themselves; these letters draw nothing, too.
_INVISIBLE = {"Cf", "Cc", "Mn", "Me", "Zs", "Zl", "Zp"}
_BLANKS = {*"\u115f\u1160\u3164\uffa0\u2800"}


def clean_content(value: str) -> str:
    """The text as it is stored: NFC, trimmed, white space folded, 1 to 500 characters, some of them visible.

    Raises Invalid (`CONTENT_EMPTY`, `CONTENT_TOO_LONG`) that names `content` and the rule.
    """
    if value.isascii() and value.isprintable() and len(value) <= CONTENT_MOST:
        text = " ".join(value.split())  # the common case: nothing to normalise
    else:
        try:
            text = clean(value, field="content", most=CONTENT_MOST)
        except Invalid as refusal:
            raise Invalid.field("content", refusal.message, code="CONTENT_TOO_LONG") from None
    if not any(map(_is_visible, text)):
        raise Invalid.field("content", "A message can't be empty. Write something.", code="CONTENT_EMPTY")
    return text


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE and character not in _BLANKS
