"""Shouting, repeating, being new; which of several rules speaks."""

import pytest

from apps.moderation import automod
from apps.moderation.automod import Action, Author, Kind, Recent, Rule

from .judging import SOMEBODY, caught, judge, rule, terms


def test_capitals_count_by_their_share_from_a_length_on():
    rules = rule(Kind.CAPS, share=0.7, least=10)
    assert caught(rules, "STOP SHOUTING AT me")
    assert caught(rules, "ПЕРЕСТАНЬ КРИЧАТЬ")
    for quiet in ("OMG LOL", "Good Evening Everybody", "1234567890 !!!!!!!!", "你好你好你好你好你好你好"):
        assert not caught(rules, quiet), quiet


def test_repetition_of_characters_words_and_emoji():
    rules = rule(Kind.REPETITION, characters=10, words=4, emoji=5)
    assert caught(rules, "so looooooooooool") == "ooooooooooo" + "o"
    assert caught(rules, "go Go GO go team") == "go Go GO go"
    assert caught(rules, "😀😀 😀 👍🏽👍🏽")
    for fine in ("looool", "go go go", "😀😀😀😀", "a b a b a b a b"):
        assert not caught(rules, fine), fine


def test_the_same_or_nearly_the_same_again_by_one_person():
    judged = automod.compile([rule(Kind.SIMILARITY, times=3, seconds=30)])
    recent = Recent()
    said = ["Follow my channel please", "follow my CHANNEL, please!!", "Follow my channel please 2"]
    verdicts = [judged.judge(text, SOMEBODY, recent, float(n)) for n, text in enumerate(said)]
    assert [bool(verdict) for verdict in verdicts] == [False, False, True]
    assert judged.judge("What a great game this is", SOMEBODY, recent, 4.0) is None
    assert judged.judge(said[0], SOMEBODY, recent, 60.0) is None


@pytest.mark.parametrize("times", [2, 9, 20])
def test_as_often_as_the_rule_allows_and_no_more(times):
    judged = automod.compile([rule(Kind.SIMILARITY, times=times, seconds=600)])
    recent = Recent()
    verdicts = [judged.judge("Follow my channel", SOMEBODY, recent, float(n)) for n in range(times)]
    assert [bool(verdict) for verdict in verdicts] == [False] * (times - 1) + [True]


def test_what_was_let_pass_elsewhere_counts():
    judged = automod.compile([rule(Kind.SIMILARITY, times=3, people=4, seconds=30)])
    recent = Recent()
    for at in (0.0, 5.0):
        recent.hear(SOMEBODY.id, "Follow my channel please", at)
    assert judged.judge("follow my channel PLEASE", SOMEBODY, recent, 6.0) is not None
    assert judged.judge("follow my channel please", SOMEBODY, recent, 60.0) is None
    for n in range(3):
        recent.hear(n, "join my raid now at", 60.0)
    assert judged.judge("join my raid now at", Author("another"), recent, 61.0) is not None


def test_the_same_by_many_people():
    judged = automod.compile([rule(Kind.SIMILARITY, people=4)])
    recent = Recent()
    verdicts = [judged.judge("join my raid now at", Author(n), recent, float(n)) for n in range(5)]
    assert [bool(verdict) for verdict in verdicts] == [False, False, False, True, True]
    assert all(judged.judge("gg", Author(n), recent, float(n)) is None for n in range(50))


def test_what_a_room_remembers_is_bounded():
    recent = Recent()
    for n in range(10_000):
        recent.said_before(
            n, f"message number {chr(97 + n % 26) * (n % 7)} {n:x}", 0.0, seconds=600, likeness=0.8
        )
        recent.said_before("one", "the same message by one", 0.0, seconds=600, likeness=0.8)
        recent.said_before(n, "the same message by many", 0.0, seconds=600, likeness=0.8)
    assert len(recent._own) <= 2000 and len(recent._shared) <= 2000
    assert len(recent._own["one"]) <= 20
    assert max(map(len, recent._shared.values())) <= 128


def test_newcomers():
    new = Author("new", account_age_s=60, follow_age_s=None, is_first_message=True)
    old = Author("old", account_age_s=1e6, follow_age_s=1e6)
    for kind in (Kind.FIRST_MESSAGE, Kind.ACCOUNT_AGE, Kind.FOLLOW_AGE):
        assert judge(rule(kind), "hello", new)
        assert not judge(rule(kind), "hello", old)
    assert not judge(rule(Kind.FOLLOW_AGE, seconds=0), "hello", Author("x", follow_age_s=0))


def test_the_exempt_are_not_judged():
    assert judge(terms("bad"), "bad", Author("vip", exempt=True)) is None


def test_the_heaviest_rule_speaks_and_a_rule_that_is_off_does_not():
    rules = [
        Rule(Kind.TERMS, automod.checked_settings(Kind.TERMS, {"blocked": ["bad"]}), Action.HOLD),
        Rule(Kind.CAPS, {"share": 0.5, "least": 4}, Action.TIME_OUT, timeout_seconds=60),
        Rule(Kind.FIRST_MESSAGE, {}, Action.REFUSE, is_on=False),
    ]
    first = Author("x", is_first_message=True)
    assert judge(rules, "BAD THING", first).action is Action.TIME_OUT
    assert judge(rules, "bad thing", first).action is Action.HOLD
    assert judge(rules, "good thing", first) is None
