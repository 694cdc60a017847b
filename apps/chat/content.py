"""What may be said: the rule of a message's text. Pure."""

from __future__ import annotations

import re

from apps.core.errors import Invalid
from apps.core.text import clean, is_visible

CONTENT_MOST = 500

# Pictures, flags and keycaps, with the modifiers, selectors, joiners and tags that belong to them.
_EMOTES = re.compile(
    "(?:[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "[\ufe0f\u200d\u20e3\U000e0020-\U000e007f]*|[0-9#*]\ufe0f?\u20e3|\\s)+"
)


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
    if not any(map(is_visible, text)):
        raise Invalid.field("content", "A message can't be empty. Write something.", code="CONTENT_EMPTY")
    return text


def is_emotes_only(text: str) -> bool:
    """Whether a clean message holds nothing but emotes, emoji and blanks."""
    return _EMOTES.fullmatch(text) is not None
