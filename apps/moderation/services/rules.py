"""Changing a channel's automatic rules."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, Invalid, TooMany
from apps.core.events import publish
from apps.core.models import AuditEntry
from apps.core.ratelimit import Limit
from apps.core.text import clean
from apps.moderation.automod import DEFAULTS, Action, Kind, Rule, checked_settings
from apps.moderation.facts import RulesChanged
from apps.moderation.models import AutomodRule
from apps.moderation.selectors import rules_of

LABEL_MOST, LISTS_MOST, TERMS_MOST = 40, 20, 1000
TIMEOUT_MOST = 14 * 24 * 60 * 60
Stored = dict[str, Any]
# Every room makes changed rules ready anew: so often a person may change those of a channel.
CHANGES = Limit("rule-changes", "30/60")

# What shield mode turns on, over the channel's own settings of these kinds.
SHIELD: dict[str, dict[str, Any]] = {
    Kind.PROFANITY: {"is_on": True, "settings": {"hate": 3, "sexual": 2, "profanity": 2}},
    Kind.LINKS: {"is_on": True, "action": Action.REFUSE},
    Kind.SIMILARITY: {"is_on": True, "settings": {"times": 2, "people": 4, "seconds": 60}},
    Kind.REPETITION: {"is_on": True},
    Kind.FIRST_MESSAGE: {"is_on": True, "action": Action.HOLD},
    Kind.ACCOUNT_AGE: {"is_on": True, "action": Action.REFUSE},
}


def edit_rule(*, actor: Actor, channel: Channel, kind: str, label: str = "", **changes: Any) -> Rule:
    """Change any of settings, action, timeout_seconds and is_on of one rule. What is not named stays.

    A list of terms with a new `label` is a new list. Raises Invalid by field, or TooMany.
    """
    policies.require(actor, Power.EDIT_AUTOMOD, channel)
    take_turn(actor, channel.pk)
    with transaction.atomic():
        _lock(channel)
        standing = rules_of(channel)
        base = next((rule for rule in standing if (rule.kind, rule.label) == (kind, label)), None)
        rule = checked_rule(base=base, kind=kind, label=label, **changes)
        _check_together([*(other for other in standing if other.key != rule.key), rule])
        _change(actor, channel, {rule.key: rule})
    return rule


def remove_rule(*, actor: Actor, channel: Channel, kind: str, label: str = "") -> None:
    """Take a list of terms away, or let a rule of another kind be as it is by default."""
    policies.require(actor, Power.EDIT_AUTOMOD, channel)
    take_turn(actor, channel.pk)
    with transaction.atomic():
        _lock(channel)
        _change(actor, channel, {Rule(kind=_kind(kind), label=label).key: None})


def replace_rules(*, actor: Actor, channel: Channel, rules: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Make these all the rules that the channel has of its own; other kinds are as they are by default."""
    policies.require(actor, Power.EDIT_AUTOMOD, channel)
    wanted: dict[str, Rule] = {}
    for place, given in enumerate(rules):
        try:
            rule = checked_rule(**given)
            if rule.key in wanted:
                raise Invalid.field(
                    "kind", f"There are two rules {rule.key}. Give one of them another label."
                )
        except Invalid as refusal:
            fields = {f"rules.{place}.{name}": reasons for name, reasons in refusal.fields.items()}
            raise Invalid(refusal.message, code=refusal.code, fields=fields) from None
        wanted[rule.key] = rule
    _check_together(wanted.values())
    take_turn(actor, channel.pk)
    with transaction.atomic():
        _lock(channel)
        gone: dict[str, Rule | None] = {
            row.as_rule().key: None for row in AutomodRule.objects.filter(channel=channel)
        }
        _change(actor, channel, gone | wanted)
    return rules_of(channel)


def take_turn(actor: Actor, channel_id: uuid.UUID) -> None:
    """Raise TooMany when `actor` has changed the channel's rules often just now, in whichever way. It may ask
    Redis: call it before anything is locked."""
    if wait := CHANGES.take(f"{channel_id.hex}:{actor.pk.hex if actor.pk else ''}"):
        raise TooMany(
            f"You have changed the rules often just now. Change them again in {max(1, round(wait + 0.5))} s.",
            code="RATE_LIMITED",
            retry_after=wait,
        )


def tighten(channel: Channel) -> dict[str, Stored | None]:
    """The rules' part of shield mode: set SHIELD and return what `put_back` needs.

    The caller has asked for the power, has taken a turn, is inside a transaction and writes the audit entry.
    """
    _lock(channel)
    standing = {rule.key: rule for rule in rules_of(channel)}
    wanted = {kind: checked_rule(base=standing[kind], kind=kind, **given) for kind, given in SHIELD.items()}
    before = _stored(channel, wanted)
    _write(channel, {key: _as_stored(rule) for key, rule in wanted.items()})
    return before


def put_back(channel: Channel, before: Mapping[str, Stored | None]) -> dict[str, Stored | None]:
    """The end of shield mode: what `tighten` changed is as it was. Returns what stood in its place.

    The caller has the same duties.
    """
    _lock(channel)
    replaced = _stored(channel, before)
    _write(channel, before)
    return replaced


def checked_rule(
    *,
    kind: str,
    label: str = "",
    settings: Any = None,
    action: str | None = None,
    timeout_seconds: int | None = None,
    is_on: bool | None = None,
    base: Rule | None = None,
) -> Rule:
    """A rule that makes sense, stored nowhere: also what a dry run takes. `base` has what is not given.

    Raises Invalid that names the field, the rule it broke and the way out.
    """
    known = _kind(kind)
    label = clean(label, field="label", most=LABEL_MOST)
    if label and known is not Kind.TERMS:
        raise Invalid.field("label", "Only lists of terms have labels: of other kinds there is one rule.")
    start = base or replace(DEFAULTS[known], label=label, is_on=True)
    if action is not None and action not in list(Action):
        raise Invalid.field("action", f"action must be one of {', '.join(Action)}.")
    if is_on is not None and type(is_on) is not bool:
        raise Invalid.field("is_on", "is_on must be true or false.")
    rule = replace(
        start,
        settings=start.settings if settings is None else _settings(known, start, settings),
        action=start.action if action is None else Action(action),
        timeout_seconds=start.timeout_seconds if timeout_seconds is None else timeout_seconds,
        is_on=start.is_on if is_on is None else is_on,
    )
    return _with_timeout(rule)


def undo_edit(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `rules.edit`, as long as the same rules have not been changed again.

    Raises Invalid when there would be more terms than a channel can have.
    """
    channel = Channel.objects.hold(uuid.UUID(entry.subject_id))
    before, after = entry.details["before"], entry.details["after"]
    if _stored(channel, after) != after:
        raise Conflict(
            "This can't be undone any more. The rule has been changed since.", code="NO_LONGER_APPLIES"
        )
    _write(channel, before)
    _check_together(rules_of(channel))


def _with_timeout(rule: Rule) -> Rule:
    if rule.action is not Action.TIME_OUT:
        return replace(rule, timeout_seconds=0)
    seconds = rule.timeout_seconds
    if type(seconds) is not int or not 1 <= seconds <= TIMEOUT_MOST:
        raise Invalid.field("timeout_seconds", f"Say how long: 1 to {TIMEOUT_MOST} seconds (14 days).")
    return rule


def _settings(kind: Kind, start: Rule, given: Any) -> dict[str, Any]:
    return checked_settings(kind, start.settings | given if isinstance(given, dict) else given)


def _kind(kind: str) -> Kind:
    if kind not in list(Kind):
        raise Invalid.field("kind", f"kind must be one of {', '.join(Kind)}.")
    return Kind(kind)


def _check_together(rules: Iterable[Rule]) -> None:
    lists = [rule for rule in rules if rule.kind is Kind.TERMS]
    if len(lists) > LISTS_MOST:
        raise Invalid.field("label", f"A channel can have {LISTS_MOST} lists of terms. Join some of them.")
    terms = sum(len(rule.settings["blocked"]) + len(rule.settings["permitted"]) for rule in lists)
    if terms > TERMS_MOST:
        raise Invalid.field(
            "settings.blocked", f"A channel can have {TERMS_MOST} terms in all its lists ({terms} now)."
        )


def _lock(channel: Channel) -> None:
    # Rules may have no row yet: the channel's stands for all of them.
    Channel.objects.hold(channel.pk)


def _change(actor: Actor, channel: Channel, wanted: Mapping[str, Rule | None]) -> None:
    after = {key: _as_stored(rule) for key, rule in wanted.items()}
    before = _stored(channel, after)
    changed = sorted(key for key in after if after[key] != before[key])
    if not changed:
        return
    after, before = ({key: state[key] for key in changed} for state in (after, before))
    _write(channel, after)
    audit.record(
        actor=actor, action="rules.edit", subject=channel, channel_id=channel.pk, before=before, after=after
    )


def _stored(channel: Channel, keys: Iterable[str]) -> dict[str, Stored | None]:
    """These rules of the channel's own as the audit log keeps them; None for one it has not."""
    rows = {rule.key: rule for row in AutomodRule.objects.filter(channel=channel) for rule in [row.as_rule()]}
    return {key: _as_stored(rows.get(key)) for key in keys}


def _as_stored(rule: Rule | None) -> Stored | None:
    if rule is None:
        return None
    return {
        "action": rule.action.value,
        "timeout_seconds": rule.timeout_seconds,
        "is_on": rule.is_on,
        "settings": rule.settings,
    }


def _write(channel: Channel, states: Mapping[str, Stored | None]) -> None:
    for key, state in states.items():
        kind, _, label = key.partition(":")
        if state is None:
            AutomodRule.objects.filter(channel=channel, kind=kind, label=label).delete()
        else:
            AutomodRule.objects.update_or_create(channel=channel, kind=kind, label=label, defaults=state)
    publish(RulesChanged(channel.pk))
