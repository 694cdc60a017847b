"""Settings that make no sense are refused by field."""

import pytest
from pytest import raises

from apps.core.errors import Invalid
from apps.moderation import automod
from apps.moderation.automod import Kind


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        (Kind.TERMS, [], "settings"),
        (Kind.TERMS, {"blokced": []}, "settings.blokced"),
        (Kind.TERMS, {"blocked": "bad"}, "settings.blocked"),
        (Kind.TERMS, {"blocked": [5]}, "settings.blocked"),
        (Kind.TERMS, {"blocked": ["x" * 101]}, "settings.blocked"),
        (Kind.TERMS, {"blocked": [f"term{n}" for n in range(1001)]}, "settings.blocked"),
        (Kind.TERMS, {"blocked": ["***"]}, "settings.blocked"),
        (Kind.TERMS, {"permitted": ["..."]}, "settings.permitted"),
        (Kind.TERMS, {"blocked": [f"a*b{n}" for n in range(51)]}, "settings.blocked"),
        (Kind.TERMS, {"patterns": ["("]}, "settings.patterns"),
        (Kind.TERMS, {"patterns": [r"(a)\1"]}, "settings.patterns"),
        (Kind.TERMS, {"patterns": ["(?=a)"]}, "settings.patterns"),
        (Kind.TERMS, {"patterns": [r"\Qabc"]}, "settings.patterns"),
        (Kind.TERMS, {"patterns": ["a*"]}, "settings.patterns"),
        (Kind.TERMS, {"patterns": ["((a{100}){100}){100}"]}, "settings.patterns"),
        (Kind.TERMS, {"patterns": ["x" * 201]}, "settings.patterns"),
        (Kind.TERMS, {"patterns": [r"(\pL{10}){3}" + "x" * i for i in range(50)]}, "settings.patterns"),
        (Kind.PROFANITY, {"hate": 5}, "settings.hate"),
        (Kind.PROFANITY, {"hate": True}, "settings.hate"),
        (Kind.LINKS, {"allowed": ["not a domain"]}, "settings.allowed"),
        (Kind.LINKS, {"allowed": ["com"]}, "settings.allowed"),
        (Kind.CAPS, {"share": 0.1}, "settings.share"),
        (Kind.CAPS, {"share": float("nan")}, "settings.share"),
        (Kind.CAPS, {"least": "many"}, "settings.least"),
        (Kind.REPETITION, {"words": 2}, "settings.words"),
        (Kind.SIMILARITY, {"seconds": 0}, "settings.seconds"),
        (Kind.FIRST_MESSAGE, {"seconds": 5}, "settings.seconds"),
        (Kind.ACCOUNT_AGE, {"seconds": None}, "settings.seconds"),
    ],
)
def test_bad_settings_are_refused_by_field(kind, settings, field):
    with raises(Invalid) as refusal:
        automod.checked_settings(kind, settings)
    assert list(refusal.value.fields) == [field]
    assert len(refusal.value.message) < 300
