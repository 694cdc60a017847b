"""Taking powerful deeds back: one, or everything that somebody did since a moment.

Each action of the audit log that can be undone has one inverse, which restores the state before it or raises
Conflict when that state can't be reached any more. Nothing in the log is edited: undoing is an entry, too.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import count, islice

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from apps.core.models import UNDONE, AuditEntry

from .selectors import log_of
from .services import notes, reports, rules, sanctions, unbans

# (who undoes, what) → done, inside the transaction that records it.
Inverse = Callable[[Actor, AuditEntry], None]

INVERSES: dict[str, Inverse] = {
    "person.timeout": sanctions.undo_exclusion,
    "person.ban": sanctions.undo_exclusion,
    "person.reason": sanctions.undo_reason,
    "person.lift": sanctions.undo_lift,
    "person.warn": sanctions.undo_warning,
    "unban.answer": unbans.undo_answer,
    "note.write": notes.undo_write,
    "note.delete": notes.undo_delete,
    "report.answer": reports.undo_answer,
    "rules.edit": rules.undo_edit,
}
# What changes the rules: undoing it is a change of them, too.
OF_RULES = ("rules.", "shield.")
AT_ONCE_MOST, LOOKED_UP = 1000, 500


@dataclass(slots=True)
class Undone:
    """What became of each entry, newest first."""

    done: list[AuditEntry] = field(default_factory=list)
    refused: list[tuple[AuditEntry, DomainError]] = field(default_factory=list)


def teach(action: str, inverse: Inverse) -> None:
    """Let an app above say how its action is undone (`aethex/wiring.py`)."""
    INVERSES[action] = inverse


def undo_action(*, actor: Actor, channel: Channel, entry_id: uuid.UUID) -> AuditEntry:
    """Take one entry of the channel's log back; returns the entry that says so.

    Raises NotFound, Conflict (CANNOT_BE_UNDONE, UNDONE_BEFORE, NO_LONGER_APPLIES), NotAllowed, or TooMany.
    """
    policies.require(actor, Power.UNDO_MODERATION, channel)
    entry = log_of(channel).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound("There is no such entry in this channel's log.", code="ENTRY_NOT_FOUND")
    return _undo(actor, entry)


def undo_everything(*, actor: Actor, channel: Channel, by_user: User, since: datetime.datetime) -> Undone:
    """Take back what `by_user` did in the channel since then, the newest first, each by itself.

    What can't be undone any more is told, and keeps nothing else from being undone. A thousand at once; asked
    again it goes on behind them.
    """
    policies.require(actor, Power.UNDO_MODERATION, channel)
    if since > timezone.now():
        raise Invalid.field("since", "Name a moment in the past.")
    # Nothing is older than the channel; a moment at the beginning of all calendars is beyond some databases.
    since = max(since, channel.created_at)
    entries = log_of(channel).filter(actor_id=by_user.pk, created_at__gte=since, action__in=INVERSES)
    outcome = Undone()
    for entry in list(islice(_not_undone(entries), AT_ONCE_MOST)):
        try:
            _undo(actor, entry)
        except DomainError as refusal:
            outcome.refused.append((entry, refusal))
        else:
            outcome.done.append(entry)
    return outcome


def undone_among(entry_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these entries that have been undone."""
    said = AuditEntry.objects.filter(action=UNDONE, subject_id__in=[str(pk) for pk in entry_ids])
    return {uuid.UUID(subject) for subject in said.values_list("subject_id", flat=True)}


def _not_undone(entries: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    """Those that nobody has undone, in their order."""
    for start in count(0, LOOKED_UP):
        some = list(entries[start : start + LOOKED_UP])
        before = undone_among([entry.pk for entry in some])
        yield from (entry for entry in some if entry.pk not in before)
        if len(some) < LOOKED_UP:
            return


def _undo(actor: Actor, entry: AuditEntry) -> AuditEntry:
    inverse = INVERSES.get(entry.action)
    if inverse is None:
        raise Conflict("This can't be undone.", code="CANNOT_BE_UNDONE")
    if entry.subject_type == User._meta.label_lower and entry.subject_id == str(actor.pk):
        raise NotAllowed("Somebody else has to undo what was done to you.")
    if entry.action.startswith(OF_RULES) and entry.channel_id is not None:
        rules.take_turn(actor, entry.channel_id)
    try:
        with transaction.atomic():
            # First: of two who undo the same entry at once, the second waits here and is refused.
            said = audit.record(
                actor=actor, action=UNDONE, subject=entry, channel_id=entry.channel_id, undone=entry.action
            )
            inverse(actor, entry)
    except IntegrityError:
        if undone_among([entry.pk]):
            raise Conflict("This has been undone before.", code="UNDONE_BEFORE") from None
        raise Conflict(
            "Something else changed at the same moment. Look again, then undo.", code="NO_LONGER_APPLIES"
        ) from None
    return said
