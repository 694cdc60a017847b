"""Which words and addresses a rule catches."""

import pytest

from apps.moderation.automod import Kind

from .judging import STRICTEST, caught, rule, terms


@pytest.mark.parametrize(
    ("term", "hit", "miss"),
    [
        ("cat", "a CAT!", "concatenate"),
        ("cat*", "catalogue", "concatenate"),
        ("*cat", "tomcat", "category"),
        ("*cat*", "concatenate", "dog"),
        ("c*t", "combat", "cat food c at"),
        ("free money", "FREE  money!", "free the money"),
        ("free money", "f r e e m o n e y", "freedom"),
        ("hello", "hellllo", "helo"),
        ("1488", "1488!", "148"),
        ("дурак", "Ты ДУРАК!", "дура"),
        ("🍆", "so 🍆🍆 yes", "🍇"),
        ("c++", "C++", "d++"),
        ("naïve", "naive", "native"),
        ("ß", "ss", "s"),
    ],
)
def test_a_term_hits_what_it_names_and_no_more(term, hit, miss):
    assert caught(terms(term), hit)
    if term != "c*t":
        assert not caught(terms(term), miss)


def test_a_permitted_term_wins_wherever_it_stands():
    rules = [terms("*cock*", "bad", permitted=["cockpit", "peacock*", "not bad"])]
    for innocent in ("cockpit", "Cockpit cockpit COCKPIT", "peacocks", "not bad, not bad", "c0ckpit"):
        assert not caught(rules, innocent), innocent
    assert caught(rules, "cockpit cockerel") == "cock"
    assert caught(rules, "not bad, bad") == "bad"


def test_a_permitted_term_wins_over_the_built_in_list():
    assert caught(STRICTEST, "damn fine")
    assert not caught([STRICTEST, terms(permitted=["damn fine"])], "damn fine")


def test_a_pattern_sees_what_was_typed():
    rules = terms(patterns=[r"buy \d+ (?:followers|viewers)", r"^!raid\b"])
    assert caught(rules, "You can Buy 500 followers here") == "Buy 500 followers"
    assert caught(rules, "!raid now") == "!raid"
    assert not caught(rules, "no !raid, buy followers")


def test_levels_add_up():
    def hits(level):
        return caught(rule(Kind.PROFANITY, hate=0, sexual=0, profanity=level), "what the hell, damn it")

    assert [bool(hits(level)) for level in range(5)] == [False, False, False, False, True]


# Links


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/x?y=1", "http://10.0.0.1/", "see example.com", "EXAMPLE.COM", "a.example.co.uk",
        "www.foo.bar", "example dot com", "example (dot) com", "example[.]com", "example . com",
        "example .com", "xn--80ak6aa92e.com", "пример.рф", "exa\u200bmple.com", "ｅｘａｍｐｌｅ．ｃｏｍ",
        "example。com", "hxxp://foo",
        "ok.so/abc", "10.0.0.1:8080", "mail me@example.org", "example.com.", "(example.com)", "youtu.be/abc",
        "https://good.org@evil.com/", "https://evil.com\\good.org", "good.org.evil.zip", "notgood.org",
        "gооd.org",
    ],
)  # fmt: skip
def test_a_link_is_found_however_it_is_written(text):
    assert caught(rule(Kind.LINKS, allowed=["good.org", "münchen.de"]), text)


@pytest.mark.parametrize(
    "text",
    [
        "good.org", "https://good.org/path?q=1#x", "www.good.org", "a.b.good.org", "GOOD.ORG.", "münchen.de",
        "http://xn--mnchen-3ya.de/", "good dot org", "e.g. this", "yes.no", "ok.so what", "main.py, node.js",
        "version 1.2.3.4", "the dot com bubble", "I use .net", "wait...what", "it was 3.5.", "Mr.Smith",
    ],
)  # fmt: skip
def test_what_is_allowed_or_no_link_passes(text):
    assert not caught(rule(Kind.LINKS, allowed=["good.org", "https://www.münchen.de/"]), text)
