"""What may be said."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chat.content import CONTENT_MOST, clean_content
from apps.core.errors import Invalid
from tests.properties import MANY


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  hello  ", "hello"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("bell\x07 and null\x00", "bell and null"),
        ("e\u0301", "\u00e9"),
        ("\u202eevil", "evil"),
        ("<b>markup</b> & more", "<b>markup</b> & more"),
        ("👩\u200d👩\u200d👧 family", "👩\u200d👩\u200d👧 family"),
        ("x" * CONTENT_MOST, "x" * CONTENT_MOST),
        ("é" * CONTENT_MOST, "é" * CONTENT_MOST),
    ],
)
def test_text_is_trimmed_and_normalised_but_never_escaped(typed: str, stored: str) -> None:
    assert clean_content(typed) == stored


@pytest.mark.parametrize(
    "typed", ["", "   ", "\n\t", "\u200b", "\u200d\u200c", "\u3164", "\u2800 \ufe0f", "\x00"]
)
def test_nothing_to_see_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_content(typed)
    assert refusal.value.code == "CONTENT_EMPTY"
    assert "content" in refusal.value.fields


@pytest.mark.parametrize("typed", ["x" * 501, "é" * 501, "x" * 100_000])
def test_too_much_is_refused_with_the_limit(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_content(typed)
    assert refusal.value.code == "CONTENT_TOO_LONG"
    assert "500" in refusal.value.message


@MANY
@given(st.text(max_size=700))
def test_whatever_is_typed_what_is_stored_keeps_the_rule_and_is_stable(typed: str) -> None:
    try:
        stored = clean_content(typed)
    except Invalid:
        return
    assert 1 <= len(stored) <= CONTENT_MOST
    assert stored == stored.strip() == unicodedata.normalize("NFC", stored)
    assert not any(unicodedata.category(c) == "Cc" for c in stored)
    assert clean_content(stored) == stored
