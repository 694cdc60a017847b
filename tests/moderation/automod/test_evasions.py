"""The normal form: the same verdict however a word is written, none on innocent ones."""

import re

import hypothesis
import pytest
from hypothesis import strategies as st

from apps.moderation import automod
from apps.moderation.automod import Author, Kind, Recent
from apps.moderation.automod.lookalikes import _ALIKE, LEET
from tests.properties import MANY

from .judging import EVASIONS, INNOCENT, SOMEBODY, STRICTEST, judge, rule, terms


def test_the_lists_are_as_long_as_promised():
    assert len(EVASIONS) >= 120
    assert len(INNOCENT) >= 400


@pytest.fixture(scope="module")
def plain_words():
    return automod.compile([terms(*{plain for _, plain, _ in EVASIONS})])


@pytest.mark.parametrize(("kind", "plain", "written"), EVASIONS)
def test_every_published_evasion_gets_the_verdict_of_its_plain_word(plain_words, kind, plain, written):
    written = re.sub(
        r"\\x..|\\u....|\\U........|\\t", lambda m: m.group().encode().decode("unicode_escape"), written
    )
    message = f"look, you {written} there"
    verdict = plain_words.judge(message, SOMEBODY, Recent(), 0.0)
    expected = plain_words.judge(f"look, you {plain} there", SOMEBODY, Recent(), 0.0)
    assert expected is not None
    assert verdict is not None
    assert (verdict.rule, verdict.action) == (expected.rule, expected.action)
    # What is marked for the moderator is the word, and nothing of its neighbours.
    start, end = verdict.span
    assert 10 <= start < end <= 10 + len(written)


@pytest.fixture(scope="module")
def strictest():
    return automod.compile([STRICTEST])


@pytest.mark.parametrize("text", INNOCENT)
def test_no_level_hits_innocent_words(strictest, text):
    verdict = strictest.judge(text, SOMEBODY, Recent(), 0.0)
    assert verdict is None, text[slice(*verdict.span)]


WORDS = ["spoiler", "scammer", "idiot", "hello", "noob", "letter", "zigzag", "quack", "giveaway"]
INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u202e\u2066\u034f\ufe0f\u180e"
MARKS = "\u0300\u0301\u0308\u0323\u0336\u0489\u20d2"
BY_LETTER = {}
for sign, capital in LEET.items():
    for letter in {"I": "il"}.get(capital, capital.lower()):
        BY_LETTER.setdefault(letter, []).append(sign)


def change_case(draw, letters):
    return [draw(st.sampled_from([c.lower(), c.upper()])) if c.isascii() else c for c in letters]


def widen(draw, letters):
    return [
        chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() and draw(st.booleans()) else c for c in letters
    ]


def look_alike(draw, letters):
    return [draw(st.sampled_from(_ALIKE.get(c, c) + c)) for c in letters]


def read_as(draw, letters):
    """Digits and signs for letters; two letters stay, and no `!`, `|` or `+` at the ends."""
    letters, left = list(letters), sum(c.isalpha() for c in letters)
    for place, c in enumerate(letters):
        signs = BY_LETTER.get(c, [])
        if place in (0, len(letters) - 1):
            signs = [sign for sign in signs if sign not in "!|+"]
        if signs and left > 2 and draw(st.booleans()):
            letters[place], left = draw(st.sampled_from(signs)), left - 1
    return letters


def read_digits_inside(draw, letters):
    """Neither signs nor at a word's ends: `hell0` and `crap@ud` are read as two words, too."""
    framed = [" ", *letters, " "]
    changed = read_as(draw, letters)
    return [
        new if new.isdecimal() and before.isalpha() and after.isalpha() else old
        for before, old, after, new in zip(framed, letters, framed[2:], changed, strict=False)
    ]


def mask(draw, letters):
    letters = list(letters)
    letters[draw(st.integers(1, len(letters) - 2))] = "*"
    return letters


def repeat(draw, letters):
    return [c for c in letters for _ in range(draw(st.integers(1, 4)))]


def set_apart(draw, letters):
    between = draw(st.sampled_from([" ", "  ", ".", "-", "_", " . ", ", ", "/", "'"]))
    return [*(piece for c in letters[:-1] for piece in (c, between)), letters[-1]]


def punctuate(draw, letters):
    return [
        *(piece for c in letters[:-1] for piece in (c, draw(st.sampled_from(["", "", ".", "-", "_", "/"])))),
        letters[-1],
    ]


def hide(draw, letters):
    return [piece for c in letters for piece in (c, draw(st.sampled_from(["", *INVISIBLE])))]


def decorate(draw, letters):
    return [c + draw(st.sampled_from(["", *MARKS])) if c.isalpha() else c for c in letters]


# In the order in which one can be put on top of the other.
KINDS = [mask, read_as, look_alike, repeat, change_case, widen, set_apart, punctuate, decorate, hide]
APART = {set_apart, punctuate}


@st.composite
def evasions(draw, kinds=KINDS, words=WORDS):
    word = draw(st.sampled_from(words))
    chosen = draw(st.sets(st.sampled_from(range(len(kinds))), max_size=4))
    letters = list(word)
    for place in sorted(chosen):
        if kinds[place] is punctuate and set_apart in (kinds[other] for other in chosen):
            continue
        letters = kinds[place](draw, letters)
    return word, "".join(letters)


@pytest.fixture(scope="module")
def rules_of_words():
    return automod.compile([terms(*WORDS)])


@MANY
@hypothesis.given(written=evasions())
def test_a_word_gets_its_verdict_however_kinds_of_evasion_are_combined(rules_of_words, written):
    _word, evasion = written
    message = f"you {evasion} there"
    verdict = rules_of_words.judge(message, SOMEBODY, Recent(), 0.0)
    assert verdict is not None
    assert 4 <= verdict.span[0] < verdict.span[1] <= 4 + len(evasion)


@MANY
@hypothesis.given(
    written=evasions(
        kinds=[read_digits_inside, look_alike, change_case, widen, decorate, hide],
        words=[word for word in INNOCENT if len(word) > 1],
    )
)
def test_an_innocent_text_stays_innocent_however_it_is_drawn(strictest, written):
    verdict = strictest.judge(written[1], SOMEBODY, Recent(), 0.0)
    assert verdict is None, (written, written[1][slice(*verdict.span)])


@MANY
@hypothesis.given(text=st.text(max_size=120))
def test_any_text_is_judged_and_a_span_lies_within_it(text):
    everything = [rule(kind) for kind in Kind if kind is not Kind.TERMS]
    verdict = judge([terms("a*", "*b", "1", "x y"), *everything], text, author=Author("new"))
    if verdict:
        assert 0 <= verdict.span[0] <= verdict.span[1] <= len(text)
