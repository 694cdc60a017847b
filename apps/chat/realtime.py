"""Reactions: what rooms and dashboards hear of what happened elsewhere, here or in another process.

Those that count a change of who may say what run along with the deed (`aethex/wiring.py`): the new version of
the rulebook stands or falls with it, and the notes leave after its commit.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from apps.accounts.facts import BlockChanged
from apps.accounts.models import User
from apps.accounts.payloads import person_payload
from apps.channels import facts as channels
from apps.channels import policies
from apps.channels.models import Channel, topic
from apps.channels.roles import Power
from apps.core.audit import DeedRecorded
from apps.core.models import AuditEntry
from apps.core.realtime import frame, note, push
from apps.moderation import facts as moderation
from apps.moderation.api import serializers as shapes
from apps.moderation.models import Report, UnbanRequest
from apps.moderation.selectors import LOGGED
from apps.moderation.undo import undone_among
from apps.streams import facts as streams

from . import selectors, services
from .crowd import PEOPLE
from .models import Rulebook
from .services.telling import rules_moved


def count_person(
    fact: channels.RoleChanged
    | channels.ChannelFollowed
    | moderation.WarningGiven
    | moderation.WarningAcknowledged
    | moderation.UnbanRequested
    | moderation.UnbanAnswered,
) -> None:
    """What a person may do in the room has changed, or what keeps them from it."""
    version = Rulebook.objects.turn(fact.channel_id)
    told = {"kind": "person", "user": fact.user_id.bytes, "version": version}
    note(topic("room", fact.channel_id), told)


def count_exclusion(fact: moderation.PersonSanctioned | moderation.SanctionLifted) -> None:
    """A person is kept out of the room, or let in again: they hear what they may do, and everybody sees their
    lines struck, or as they were."""
    # What stands now, whatever the fact says: another may stand in the place of the one that was lifted.
    struck = selectors.struck_among(fact.channel_id, [fact.user_id])
    standing = None
    if fact.user_id in struck:
        until = struck[fact.user_id]
        standing = {"until": until and until.isoformat()}
    version = Rulebook.objects.turn(fact.channel_id)
    told = {"kind": "exclusion", "user": fact.user_id.bytes, "standing": standing, "version": version}
    note(topic("room", fact.channel_id), told)


def count_rules(fact: moderation.RulesChanged) -> None:
    """The automatic rules have changed."""
    rules_moved(fact.channel_id)


def settle_show(fact: streams.BroadcastStarted | streams.BroadcastEnded) -> None:
    """A show begins or is over: its modes hold in the room, or those of before."""
    services.settle_show(fact.channel_id)


def tell_suspended(fact: channels.ChannelSuspended) -> None:
    """Nobody stays in a room that is gone, nor at its dashboards."""
    for kind in ("room", "dashboard", "moderation"):
        note(topic(kind, fact.channel_id), {"kind": "gone"})


def tell_dashboards(fact: channels.RoleChanged) -> None:
    """Whoever sits at a dashboard by a role that is gone leaves it."""
    for kind in ("dashboard", "moderation"):
        note(topic(kind, fact.channel_id), {"kind": "person", "user": fact.user_id.bytes})


def tell_blocker(fact: BlockChanged) -> None:
    """All pages of a person hide whom they block, and show whom they don't."""
    note(PEOPLE, {"kind": "person", "user": fact.user_id.bytes})


def tell_report(fact: moderation.ReportMade | moderation.ReportAnswered) -> None:
    """Moderators hear of a report that waits, or was answered.

    A report about one of them waits until the others look: all hear the same, and nobody learns who
    reported them.
    """
    rows = Report.objects.for_moderators().select_related(
        "channel", "reporter", "subject_user", "answered_by"
    )
    report = rows.filter(pk=fact.report_id).first()
    if report is None:
        return
    if report.state != Report.State.OPEN:
        _tell_answer(fact.channel_id, "report", report)
    elif not _hears(report.subject_user, report.channel):
        _tell_moderators(fact.channel_id, "report", {"report": shapes.ReportSerializer(report).data})


def tell_plea(fact: moderation.UnbanRequested | moderation.UnbanAnswered) -> None:
    """Moderators hear that somebody asks to be let in again, or was answered."""
    rows = UnbanRequest.objects.select_related("sanction__user", "answered_by")
    plea = rows.filter(pk=fact.request_id).first()
    if plea is None:
        return
    if plea.state == UnbanRequest.State.OPEN:
        told = {"request": shapes.UnbanRequestSerializer(plea).data}
        _tell_moderators(fact.channel_id, "unban-request", told)
    else:
        _tell_answer(fact.channel_id, "unban-request", plea)


def tell_deed(fact: DeedRecorded) -> None:
    """Moderators see a new entry of their log."""
    if fact.channel_id is None or not fact.action.startswith(LOGGED):
        return
    entry = AuditEntry.objects.get(pk=fact.entry_id)
    people = User.objects.filter(pk__in=_ids(entry.actor_id, entry.subject_id))
    context = {"undone": undone_among([entry.pk]), "people": {str(person.pk): person for person in people}}
    told = {"entry": shapes.EntrySerializer(entry, context=context).data}
    _tell_moderators(fact.channel_id, "action", told)


def _hears(user: User | None, channel: Channel) -> bool:
    """Whether this person is among the moderators who are told."""
    return user is not None and policies.may(user, Power.VIEW_MODERATION, channel)


def _tell_answer(channel_id: uuid.UUID, kind: str, answered: Report | UnbanRequest) -> None:
    by = person_payload(answered.answered_by) if answered.answered_by else None
    told = {"kind": kind, "id": str(answered.pk), "state": answered.state, "by": by}
    _tell_moderators(channel_id, "answered", told)


def _tell_moderators(channel_id: uuid.UUID, kind: str, told: dict[str, Any]) -> None:
    push(topic("moderation", channel_id), frame(f"moderation:{kind}", told))


def _ids(*texts: object) -> list[uuid.UUID]:
    """Those that are ids: the subject of an entry may be anything."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(uuid.UUID(str(text)))
    return found
