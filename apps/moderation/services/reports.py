"""Reports: somebody asks for a look, somebody with the power answers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.facts import PersonSuspended
from apps.accounts.letters import write_to
from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.facts import ChannelSuspended
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded, TooMany
from apps.core.events import publish
from apps.core.models import AuditEntry
from apps.core.ratelimit import Limit
from apps.core.text import clean
from apps.moderation.facts import ReportAnswered, ReportHeeded, ReportMade
from apps.moderation.models import WORDS_MOST, Report, ReportQuerySet

# Who said a line of a report, when they have left.
LEFT = {"id": "", "username": "", "displayName": "Deleted account", "avatarUrl": ""}
LIMIT = Limit("reports", "20/600")
ANSWERS = (Report.State.UPHELD, Report.State.DISMISSED)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about: whose it is, where, and the lines around it as they are now."""

    channel: Channel
    user: User | None
    context: list[dict[str, Any]] = field(default_factory=list)


# (who asks, what they name, the channel they name) → the subject, or None when there is none they may see.
Provider = Callable[[Actor, uuid.UUID, Channel | None], Subject | None]


def report(
    *,
    actor: Actor,
    kind: str,
    subject_id: uuid.UUID,
    reason: str,
    words: str = "",
    channel: Channel | None = None,
) -> Report:
    """Ask for a look at a message, a person (in a `channel`) or a channel. Again while open is the same one.

    Raises SignInNeeded, Invalid, NotFound (SUBJECT_NOT_FOUND) or TooMany.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to report something.")
    if kind not in _PROVIDERS:
        raise Invalid.field("kind", f"kind must be one of {', '.join(sorted(_PROVIDERS))}.")
    if reason not in Report.Reason.values:
        raise Invalid.field("reason", f"reason must be one of {', '.join(Report.Reason.values)}.")
    words = clean(words, field="words", most=WORDS_MOST, lines=True)
    subject = _PROVIDERS[kind](actor, subject_id, channel)
    if subject is None:
        raise NotFound(f"There is no such {kind}.", code="SUBJECT_NOT_FOUND")
    if subject.user is not None and subject.user.pk == actor.pk:
        raise Invalid("You can't report yourself.", code="OWN_ACCOUNT")
    same = Report.objects.open().filter(
        reporter=actor, channel=subject.channel, kind=kind, subject_id=subject_id
    )
    if open_one := same.first():
        return open_one
    if wait := LIMIT.take(actor.pk.hex):
        raise TooMany("That is a lot of reports. Try again later.", code="RATE_LIMITED", retry_after=wait)
    try:
        with transaction.atomic():
            made = Report.objects.create(
                channel=subject.channel,
                reporter=actor,
                kind=kind,
                subject_id=subject_id,
                subject_user=subject.user,
                reason=reason,
                words=words,
                context=subject.context,
            )
            publish(ReportMade(subject.channel.pk, made.pk))
    except IntegrityError:
        # The same person clicked twice at once.
        return same.get()
    return made


def answer_report(*, actor: Actor, report: Report, answer: str, words: str = "") -> Report:
    """Uphold or dismiss. What follows from it (a ban, a deleted message) is done by its own verb."""
    _require_judge(actor, report)
    if answer not in ANSWERS:
        raise Invalid.field("answer", f"answer must be one of {', '.join(ANSWERS)}.")
    words = clean(words, field="words", most=WORDS_MOST, lines=True)
    with transaction.atomic():
        report = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
        if report.state != Report.State.OPEN:
            raise Conflict("This report has been answered.", code="ANSWERED_BEFORE")
        report.state, report.answer = answer, words
        report.answered_by_id, report.answered_at = actor.pk, timezone.now()
        report.save()
        _record_answer(actor, report)
        publish(ReportAnswered(report.channel_id, report.pk))
    return report


def uphold_about_person(fact: PersonSuspended) -> None:
    """Along with a suspension by staff: what was reported of the person, or of a channel of theirs, is upheld
    everywhere."""
    _uphold(Report.objects.open().filter(subject_user=fact.user_id), fact.actor_id)


def uphold_about_channel(fact: ChannelSuspended) -> None:
    """Along with a suspension by staff: what was reported of the channel as such is upheld."""
    if fact.actor_id is not None:
        about = Report.objects.open().filter(kind=Report.Kind.CHANNEL, channel=fact.channel_id)
        _uphold(about, fact.actor_id)


def tell_reporter(*, report_id: uuid.UUID) -> None:
    """Write to who made a report that staff have heeded."""
    report = Report.objects.select_related("reporter", "channel").filter(pk=report_id).first()
    if report is not None and report.reporter is not None and report.reporter.is_active:
        write_to(report.reporter, "report_heeded", report=report)


def forget_person(person: User) -> None:
    """Take who has left out of what reports keep as it was then; what was said stays, for it was judged."""
    key = str(person.pk)
    for report in Report.objects.filter(context__icontains=key).iterator(chunk_size=200):
        for line in report.context:
            if line.get("user", {}).get("id") == key:
                line["user"] = LEFT
        report.save(update_fields=["context"])


def undo_answer(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `report.answer`: it is open again, unless its reporter has asked anew."""
    report = Report.objects.select_for_update(of=("self",)).filter(pk=entry.subject_id).first()
    if report is None or report.state != entry.details["answer"]:
        raise Conflict("This can't be undone any more. The answer has changed.", code="NO_LONGER_APPLIES")
    _require_judge(actor, report)
    again = Report.objects.open().filter(
        reporter=report.reporter_id,
        channel=report.channel_id,
        kind=report.kind,
        subject_id=report.subject_id,
    )
    if again.exists():
        raise Conflict("This can't be undone any more. There is a new report.", code="NO_LONGER_APPLIES")
    report.state, report.answer, report.answered_by, report.answered_at = Report.State.OPEN, "", None, None
    report.save()
    publish(ReportMade(report.channel_id, report.pk))


def _uphold(reports: ReportQuerySet, actor_id: uuid.UUID) -> None:
    actor = User.objects.get(pk=actor_id)
    told: set[uuid.UUID] = set()
    for report in reports.select_for_update(of=("self",)).order_by("id"):
        report.state, report.answer = Report.State.UPHELD, "The platform's staff have acted."
        report.answered_by, report.answered_at = actor, timezone.now()
        report.save()
        _record_answer(actor, report)
        publish(ReportAnswered(report.channel_id, report.pk))
        if report.reporter_id is not None and report.reporter_id not in told:
            told.add(report.reporter_id)
            publish(ReportHeeded(report.pk))


def _record_answer(actor: Actor, report: Report) -> None:
    audit.record(
        actor=actor,
        action="report.answer",
        subject=report,
        # What staff decide about a channel is not for its own log.
        channel_id=None if report.kind == Report.Kind.CHANNEL else report.channel_id,
        answer=str(report.state),
    )


def _require_judge(actor: Actor, report: Report) -> None:
    """Raise unless `actor` may answer this report, or take its answer back: nobody judges themselves, nor
    their own channel."""
    if report.kind == Report.Kind.CHANNEL:
        if not (actor.is_authenticated and actor.is_staff):
            raise NotAllowed("Reports about a channel are answered by the platform's staff.")
    else:
        policies.require(actor, Power.REVIEW_REPORTS, report.channel)
    if report.subject_user_id == actor.pk:
        raise NotAllowed("Somebody else has to answer a report about you.")


def teach_context(kind: str, provider: Provider) -> None:
    """Let an app above say what a report of this kind is about (`aethex/wiring.py`)."""
    _PROVIDERS[kind] = provider


def _person(actor: Actor, subject_id: uuid.UUID, channel: Channel | None) -> Subject | None:
    if channel is None:
        raise Invalid.field("channel_id", "Say in which channel.")
    user = User.objects.filter(pk=subject_id).first()
    return Subject(channel, user) if user else None


def _channel(actor: Actor, subject_id: uuid.UUID, channel: Channel | None) -> Subject | None:
    found = Channel.objects.reachable_by(actor).select_related("owner").filter(pk=subject_id).first()
    if found is None:
        return None
    return Subject(
        found, found.owner, [{"name": found.name, "slug": found.slug, "description": found.description}]
    )


_PROVIDERS: dict[str, Provider] = {Report.Kind.PERSON.value: _person, Report.Kind.CHANNEL.value: _channel}
