"""Keeping people out and letting them back in: time-outs, bans, warnings."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, Invalid, NotFound, SignInNeeded
from apps.core.events import publish
from apps.core.models import AuditEntry
from apps.core.text import clean
from apps.moderation.facts import PersonSanctioned, SanctionLifted, WarningAcknowledged, WarningGiven
from apps.moderation.models import REASON_MOST, Sanction, UnbanRequest

TIMEOUT_MOST = 14 * 24 * 60 * 60


def time_out(*, actor: Actor, channel: Channel, user: User, seconds: int, reason: str = "") -> Sanction:
    """Keep `user` from writing for 1 second to 14 days; replaces the ban or time-out that stands."""
    policies.require_over(actor, Power.TIME_OUT, user, channel)
    until = timezone.now() + datetime.timedelta(seconds=checked_seconds(seconds))
    reason = clean(reason, field="reason", most=REASON_MOST)
    return _exclude(actor, channel, user, Sanction.Kind.TIMEOUT, reason, until)


def ban(*, actor: Actor, channel: Channel, user: User, reason: str = "") -> Sanction:
    """Keep `user` out until somebody lifts it; banning the banned only changes a reason that is given."""
    policies.require_over(actor, Power.BAN, user, channel)
    return _exclude(
        actor, channel, user, Sanction.Kind.BAN, clean(reason, field="reason", most=REASON_MOST), None
    )


def time_out_by_rule(*, channel: Channel, user: User, seconds: int, rule: str) -> Sanction | None:
    """What an automatic rule (named by its key) does; what keeps the person out for longer stays."""
    until = timezone.now() + datetime.timedelta(seconds=checked_seconds(seconds))
    with transaction.atomic():
        standing = standing_now(user, channel)
        if standing is not None and (standing.expires_at is None or standing.expires_at >= until):
            return None
        return _exclude(None, channel, user, Sanction.Kind.TIMEOUT, f"Automatic rule: {rule}", until)


def lift_sanction(*, actor: Actor, channel: Channel, user: User) -> Sanction | None:
    """Let `user` back in, whatever keeps them out; None when nothing does."""
    policies.require(actor, Power.BAN, channel)
    with transaction.atomic():
        standing = standing_now(user, channel)
        if standing is None:
            return None
        if user.pk == actor.pk:
            raise Invalid("You can't do this to yourself.", code="OWN_ACCOUNT")
        plea = UnbanRequest.objects.filter(sanction=standing, state=UnbanRequest.State.OPEN).first()
        if plea is not None:
            plea.state, plea.answered_at = UnbanRequest.State.GRANTED, timezone.now()
            plea.answered_by_id = actor.pk
            plea.save(update_fields=["state", "answered_by", "answered_at"])
        lift(standing, by=actor)
        _record(actor, "person.lift", standing, request_id=str(plea.pk) if plea else None)
    return standing


def warn(*, actor: Actor, channel: Channel, user: User, reason: str) -> Sanction:
    """Tell `user` what to change; they can't write until they have acknowledged it."""
    policies.require_over(actor, Power.WARN, user, channel)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    with transaction.atomic():
        warning = Sanction.objects.create(
            channel=channel, user=user, kind=Sanction.Kind.WARNING, reason=reason, created_by_id=actor.pk
        )
        _record(actor, "person.warn", warning, reason=reason)
        publish(WarningGiven(channel.pk, user.pk, warning.pk))
    return warning


def acknowledge_warning(*, actor: Actor, channel: Channel, warning_id: uuid.UUID) -> Sanction:
    """The warned person has read it; reading it twice is once."""
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    with transaction.atomic():
        hold(actor.pk)
        warnings = Sanction.objects.of(actor, channel).filter(kind=Sanction.Kind.WARNING)
        warning = warnings.filter(pk=warning_id).first()
        if warning is None:
            raise NotFound("There is no such warning for you.", code="WARNING_NOT_FOUND")
        if warning.acknowledged_at is None:
            warning.acknowledged_at = timezone.now()
            warning.save(update_fields=["acknowledged_at"])
            _record(actor, "warning.acknowledge", warning)
            publish(WarningAcknowledged(channel.pk, actor.pk, warning.pk))
    return warning


def checked_seconds(seconds: int) -> int:
    """The length of a time-out, if it is one."""
    if type(seconds) is not int or not 1 <= seconds <= TIMEOUT_MOST:
        raise Invalid.field("seconds", f"A time-out lasts 1 to {TIMEOUT_MOST} seconds (14 days).")
    return seconds


def standing_now(user: User, channel: Channel) -> Sanction | None:
    """The ban or time-out that stands, the person held. One that has run out is closed on the way."""
    hold(user.pk)
    found = Sanction.objects.of(user, channel).filter(kind__in=Sanction.EXCLUDING, lifted_at=None).first()
    if found is not None and found.has_run_out(timezone.now()):
        found.lifted_at = found.expires_at
        found.save(update_fields=["lifted_at"])
        return None
    return found


def hold(user_id: uuid.UUID) -> None:
    """Make everybody else wait who changes what stands on this person, first of all locks."""
    User.objects.select_for_update(no_key=True).get(pk=user_id)


def lift(sanction: Sanction, *, by: Actor) -> None:
    """End it; the caller has asked for the power, holds the person and writes the audit entry."""
    _end(sanction, by)
    publish(SanctionLifted(sanction.channel_id, sanction.user_id, sanction.pk))


def restore(sanction: Sanction, *, by: Actor) -> None:
    """Let a lifted one stand again; raises Conflict when it has run out or another stands.

    It takes what giving it would take: the person may have got a role meanwhile.
    """
    power = Power.BAN if sanction.kind == Sanction.Kind.BAN else Power.TIME_OUT
    policies.require_over(by, power, sanction.user, sanction.channel)
    if sanction.has_run_out(timezone.now()):
        raise _no_longer("This time-out would be over by now.")
    if standing_now(sanction.user, sanction.channel) is not None:
        raise _no_longer("Another ban or time-out stands on this person now.")
    sanction.lifted_at = sanction.lifted_by_id = None
    sanction.save(update_fields=["lifted_at", "lifted_by"])
    publish(PersonSanctioned(sanction.channel_id, sanction.user_id, sanction.pk))


def undo_exclusion(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `person.ban` and `person.timeout`: gone, and what it replaced stands again, with no moment
    between in which nothing stands."""
    sanction = _held(entry.details["sanction_id"])
    if sanction.lifted_at is not None or sanction.has_run_out(timezone.now()):
        raise _no_longer("This sanction does not stand any more.")
    sanction.undone_at = timezone.now()
    replaced_id = entry.details["replaced_id"]
    replaced = _held(replaced_id) if replaced_id is not None else None
    if replaced is None or replaced.has_run_out(timezone.now()):
        lift(sanction, by=actor)
    else:
        _end(sanction, actor)
        restore(replaced, by=actor)


def undo_reason(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `person.reason`."""
    sanction = _held(entry.details["sanction_id"])
    if sanction.lifted_at is not None or sanction.reason != entry.details["after"]:
        raise _no_longer("This sanction has changed since.")
    sanction.reason = entry.details["before"]
    sanction.save(update_fields=["reason"])


def undo_lift(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `person.lift`: it stands again, and the plea that was granted with it waits again."""
    sanction = _held(entry.details["sanction_id"])
    if sanction.lifted_at is None or sanction.undone_at is not None:
        raise _no_longer("This sanction has changed since.")
    restore(sanction, by=actor)
    if (request_id := entry.details["request_id"]) is not None:
        UnbanRequest.objects.filter(pk=request_id).update(
            state=UnbanRequest.State.OPEN, answered_by=None, answered_at=None
        )


def undo_warning(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `person.warn`: the warning doesn't count, and need not be acknowledged."""
    warning = _held(entry.details["sanction_id"])
    if warning.lifted_at is not None:
        raise _no_longer("This warning was taken back before.")
    warning.lifted_at = warning.undone_at = timezone.now()
    warning.lifted_by_id = actor.pk
    warning.save(update_fields=["lifted_at", "undone_at", "lifted_by"])
    publish(WarningAcknowledged(warning.channel_id, warning.user_id, warning.pk))


@transaction.atomic
def _exclude(
    actor: Actor | None,
    channel: Channel,
    user: User,
    kind: Sanction.Kind,
    reason: str,
    until: datetime.datetime | None,
) -> Sanction:
    standing = standing_now(user, channel)
    if standing is not None and kind == standing.kind == Sanction.Kind.BAN:
        return _with_reason(actor, standing, reason)
    if standing is not None:
        standing.lifted_at, standing.lifted_by_id = timezone.now(), actor.pk if actor else None
        standing.save(update_fields=["lifted_at", "lifted_by"])
    sanction = Sanction.objects.create(
        channel=channel,
        user=user,
        kind=kind,
        reason=reason,
        created_by_id=actor.pk if actor else None,
        expires_at=until,
    )
    _record(
        actor,
        f"person.{kind}",
        sanction,
        reason=reason,
        expires_at=until.isoformat() if until else None,
        replaced_id=str(standing.pk) if standing else None,
    )
    publish(PersonSanctioned(channel.pk, user.pk, sanction.pk))
    return sanction


def _end(sanction: Sanction, by: Actor) -> None:
    sanction.lifted_at, sanction.lifted_by_id = timezone.now(), by.pk
    sanction.save(update_fields=["lifted_at", "lifted_by", "undone_at"])


def _with_reason(actor: Actor | None, standing: Sanction, reason: str) -> Sanction:
    if reason and reason != standing.reason:
        _record(actor, "person.reason", standing, before=standing.reason, after=reason)
        standing.reason = reason
        standing.save(update_fields=["reason"])
    return standing


def _record(actor: Actor | None, action: str, sanction: Sanction, **details: Any) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=sanction.user,
        channel_id=sanction.channel_id,
        sanction_id=str(sanction.pk),
        **details,
    )


def _held(sanction_id: str) -> Sanction:
    whose = Sanction.objects.filter(pk=sanction_id).values_list("user_id", flat=True).first()
    if whose is None:
        raise _no_longer("This sanction is gone.")
    hold(whose)
    return Sanction.objects.select_related("user", "channel").get(pk=sanction_id)


def _no_longer(why: str) -> Conflict:
    return Conflict(f"This can't be undone any more. {why}", code="NO_LONGER_APPLIES")
