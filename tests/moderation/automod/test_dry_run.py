"""What a rule would have caught."""

from apps.moderation import automod
from apps.moderation.automod import Kind, Recent, Rule, Said

from .judging import SOMEBODY, rule, terms


def test_a_dry_run_lists_exactly_what_the_rule_would_have_caught():
    texts = ["hello", "you b4d man", "badger", "not bad", "BAD", "b a d", "good"]
    said = [Said(n, text, SOMEBODY, float(n)) for n, text in enumerate(texts)]
    draft = Rule(Kind.TERMS, terms("bad").settings, label="new", is_on=False)
    other = terms("hello", permitted=["not bad"])
    found = dict(automod.dry_run(draft, said, others=[other, draft]))
    live = automod.compile([Rule(Kind.TERMS, draft.settings, label="new"), terms(permitted=["not bad"])])
    expected = {n for n, text in enumerate(texts) if live.judge(text, SOMEBODY, Recent(), 0.0)}
    assert set(found) == expected == {1, 4, 5}
    assert {verdict.rule for verdict in found.values()} == {"terms:new"}


def test_a_dry_run_of_likeness_goes_by_the_time_of_the_messages():
    said = [Said(n, "buy cheap followers", SOMEBODY, at) for n, at in enumerate([0.0, 1.0, 2.0, 900.0])]
    assert [n for n, _ in automod.dry_run(rule(Kind.SIMILARITY), said)] == [2]
