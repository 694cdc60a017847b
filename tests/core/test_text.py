"""One form for everything that people type."""

import pytest
from pytest import raises

from apps.core.errors import Invalid
from apps.core.text import clean


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  two \t words  ", "two words"),
        ("cafe\u0301", "café"),
        ("bell\u0007 and \u202eback", "bell and back"),
        ("👩\u200d🚀 ok", "👩\u200d🚀 ok"),
        ("newest emoji \U0001fae9", "newest emoji \U0001fae9"),
        ("non\ufffechar\ufdd0acter\U0001ffff", "noncharacter"),
        ("one\nline", "one line"),
    ],
)
def test_text_has_one_form(typed, kept):
    assert clean(typed, field="name", most=40) == kept


def test_lines_may_be_kept():
    assert clean(" a \r\n b\r\n\n", field="about", most=40, lines=True) == "a\nb"


@pytest.mark.parametrize("typed", ["", "  ", "\u200b\u200b", "\u3164\u3164"])
def test_nothing_to_see_is_empty(typed):
    with raises(Invalid) as refusal:
        clean(typed, field="title", most=40, least=1)
    assert refusal.value.fields == {"title": ["This can't be empty."]}


@pytest.mark.parametrize("typed", ["x" * 41, "x" * 10_000_000])
def test_too_much_is_refused_with_both_numbers(typed):
    with raises(Invalid) as refusal:
        clean(typed, field="title", most=40)
    assert refusal.value.message == f"Use at most 40 characters ({len(typed)} now)."
