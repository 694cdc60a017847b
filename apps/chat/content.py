"""What may be said: the rule of a message's text. Pure."""

from __future__ import annotations

from apps.core.errors import Invalid
from apps.core.text import clean, is_visible

CONTENT_MOST = 500


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
