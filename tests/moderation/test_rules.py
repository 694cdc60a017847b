"""A channel's automatic rules: what stands by default, who changes it, and how."""

import json

import pytest
from django.db import connection, transaction
from pytest import raises

from apps.chat import services as chat
from apps.core.errors import Invalid, NotAllowed, TooMany
from apps.core.models import AuditEntry
from apps.moderation import automod, selectors, services
from apps.moderation.automod import Action, Kind
from apps.moderation.models import AutomodRule
from apps.moderation.services import rules as verbs
from apps.moderation.undo import undo_action
from tests import factories

from .conftest import client_of


def named(channel, key):
    return next(rule for rule in selectors.rules_of(channel) if rule.key == key)


def test_a_new_channel_has_every_kind_by_default_and_no_row(channel):
    rules = selectors.rules_of(channel)
    assert [rule.kind for rule in rules] == list(Kind)
    assert {rule.kind for rule in rules if rule.is_on} == {Kind.PROFANITY, Kind.REPETITION, Kind.SIMILARITY}
    assert not AutomodRule.objects.exists()


def test_the_rules_are_one_query(channel, moderator, django_assert_num_queries):
    services.edit_rule(actor=moderator, channel=channel, kind="caps", is_on=True)
    with django_assert_num_queries(1):
        selectors.rules_of(channel)


def test_what_is_not_named_stays(channel, moderator):
    services.edit_rule(
        actor=moderator, channel=channel, kind="caps", is_on=True, action="time_out", timeout_seconds=60
    )
    services.edit_rule(actor=moderator, channel=channel, kind="caps", settings={"least": 20})
    rule = named(channel, "caps")
    assert (rule.is_on, rule.action, rule.timeout_seconds) == (True, Action.TIME_OUT, 60)
    assert rule.settings == {"share": 0.7, "least": 20}
    services.edit_rule(actor=moderator, channel=channel, kind="caps", is_on=False)
    assert named(channel, "caps").settings["least"] == 20


def test_lists_of_terms_have_labels_and_each_its_action(channel, moderator):
    for label, action in (("", "hold"), ("spoilers", "refuse")):
        services.edit_rule(
            actor=moderator,
            channel=channel,
            kind="terms",
            label=label,
            action=action,
            is_on=True,
            settings={"blocked": [f"word{label}"]},
        )
    judged = automod.compile(selectors.rules_of(channel))
    verdict = judged.judge("a wordspoilers!", automod.Author(1), automod.Recent(), 0.0)
    assert (verdict.rule, verdict.action) == ("terms:spoilers", Action.REFUSE)
    services.remove_rule(actor=moderator, channel=channel, kind="terms", label="spoilers")
    assert [rule.key for rule in selectors.rules_of(channel) if rule.kind is Kind.TERMS] == ["terms"]


def test_a_label_with_a_colon_is_still_one_label(channel, moderator):
    services.edit_rule(
        actor=moderator, channel=channel, kind="terms", label="a:b", settings={"blocked": ["x"]}
    )
    assert named(channel, "terms:a:b").label == "a:b"


def test_what_no_database_stores_is_no_part_of_a_term(channel, moderator):
    settings = {"blocked": ["spoil\x00er"], "patterns": ["a\x00b"]}
    services.edit_rule(actor=moderator, channel=channel, kind="terms", settings=settings)
    stored = named(channel, "terms").settings
    assert (stored["blocked"], stored["patterns"]) == (["spoil er"], ["a b"])


def test_changing_nothing_writes_no_entry(channel, moderator):
    for _ in range(2):
        services.edit_rule(actor=moderator, channel=channel, kind="links", is_on=True)
    services.remove_rule(actor=moderator, channel=channel, kind="caps")
    assert AuditEntry.objects.filter(action="rules.edit").count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "nonsense"}, "kind"),
        ({"kind": "caps", "label": "x"}, "label"),
        ({"kind": "terms", "label": "x" * 41}, "label"),
        ({"kind": "caps", "action": "explode"}, "action"),
        ({"kind": "caps", "action": "time_out"}, "timeout_seconds"),
        ({"kind": "caps", "action": "time_out", "timeout_seconds": 1_209_601}, "timeout_seconds"),
        ({"kind": "caps", "is_on": "yes"}, "is_on"),
        ({"kind": "caps", "settings": 5}, "settings"),
        ({"kind": "caps", "settings": {"least": 1}}, "settings.least"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_field(channel, moderator, given, field):
    with raises(Invalid) as refusal:
        services.edit_rule(actor=moderator, channel=channel, **given)
    assert list(refusal.value.fields) == [field]
    with raises(Invalid) as refusal:
        services.replace_rules(actor=moderator, channel=channel, rules=[{"kind": "links"}, given])
    assert list(refusal.value.fields) == [f"rules.1.{field}"]
    assert not AutomodRule.objects.exists()


def test_a_channel_has_at_most_a_thousand_terms_in_all(channel, moderator):
    def block(label, count):
        terms = [f"{label}{n}" for n in range(count)]
        return services.edit_rule(
            actor=moderator, channel=channel, kind="terms", label=label, settings={"blocked": terms}
        )

    block("a", 600)
    with raises(Invalid) as refusal:
        block("b", 401)
    assert list(refusal.value.fields) == ["settings.blocked"]
    block("b", 400)


def test_replacing_leaves_only_what_is_named(channel, moderator):
    services.edit_rule(actor=moderator, channel=channel, kind="caps", is_on=True)
    services.replace_rules(
        actor=moderator, channel=channel, rules=[{"kind": "links", "settings": {"allowed": ["Good.org"]}}]
    )
    assert list(AutomodRule.objects.values_list("kind", flat=True)) == ["links"]
    assert named(channel, "links").settings == {"allowed": ["good.org"]}
    assert not named(channel, "caps").is_on
    with raises(Invalid):
        services.replace_rules(actor=moderator, channel=channel, rules=[{"kind": "caps"}, {"kind": "caps"}])


@pytest.mark.parametrize("who", ["editor", "vip", "viewer"])
def test_only_who_may_changes_rules(request, channel, who):
    actor = request.getfixturevalue(who)
    for refused in (
        lambda: services.edit_rule(actor=actor, channel=channel, kind="caps", is_on=True),
        lambda: services.remove_rule(actor=actor, channel=channel, kind="caps"),
        lambda: services.replace_rules(actor=actor, channel=channel, rules=[]),
    ):
        with raises(NotAllowed):
            refused()
    assert not AutomodRule.objects.exists()


def test_a_shield_tightens_the_rules_and_puts_them_back_as_they_were(channel, moderator):
    services.edit_rule(
        actor=moderator, channel=channel, kind="links", is_on=False, settings={"allowed": ["good.org"]}
    )
    before, rows = selectors.rules_of(channel), list(AutomodRule.objects.values())
    with transaction.atomic():
        kept = services.tighten(channel)
    assert named(channel, "links").settings == {"allowed": ["good.org"]}
    assert {"links", "first_message", "account_age"} <= {
        r.key for r in selectors.rules_of(channel) if r.is_on
    }
    with transaction.atomic():
        services.put_back(channel, json.loads(json.dumps(kept)))
    assert selectors.rules_of(channel) == before
    assert list(AutomodRule.objects.values()) == rows


def test_one_channels_rules_are_not_anothers(channel, moderator):
    services.edit_rule(actor=moderator, channel=channel, kind="caps", is_on=True)
    assert not named(factories.channel(), "caps").is_on


def test_redis_is_not_asked_while_a_channel_is_locked(channel, streamer, monkeypatch, transactional_db):
    """Whoever else waits for its row would wait for Redis, too."""

    class Outside:
        def take(self, key):
            assert not connection.in_atomic_block
            asked.append(key)
            return 0.0

    asked: list[str] = []
    monkeypatch.setattr(verbs, "CHANGES", Outside())
    common = {"actor": streamer, "channel": channel}
    services.edit_rule(**common, kind="caps", is_on=True)
    services.remove_rule(**common, kind="caps")
    services.replace_rules(**common, rules=[{"kind": "links"}])
    chat.raise_shield(**common)
    chat.lower_shield(**common)
    undo_action(**common, entry_id=AuditEntry.objects.filter(action="rules.edit").latest("pk").pk)
    assert len(asked) == 6


def test_rules_are_not_changed_without_end(channel, streamer, moderator):
    """Each person, in each channel."""
    common = {"channel": channel, "kind": "caps"}
    for number in range(verbs.CHANGES.most):
        services.edit_rule(actor=moderator, is_on=number % 2 == 0, **common)
    entry = AuditEntry.objects.filter(action="rules.edit").first()
    before = selectors.rules_of(channel)
    with raises(TooMany) as refusal:
        services.edit_rule(actor=moderator, is_on=True, **common)
    assert refusal.value.code == "RATE_LIMITED" and 0 < refusal.value.retry_after <= 60
    with raises(TooMany):
        services.remove_rule(actor=moderator, **common)
    with raises(TooMany):
        undo_action(actor=moderator, channel=channel, entry_id=entry.pk)
    for shield in (chat.raise_shield, chat.lower_shield):
        with raises(TooMany):
            shield(actor=moderator, channel=channel)
    rules = {"rules": [{"kind": "links"}]}
    answer = client_of(moderator).put(f"/api/channels/{channel.pk}/filters", rules, format="json")
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert selectors.rules_of(channel) == before
    services.edit_rule(actor=streamer, is_on=True, **common)
    elsewhere = factories.channel(moderator, "Elsewhere")
    services.edit_rule(actor=moderator, channel=elsewhere, kind="caps", is_on=True)
