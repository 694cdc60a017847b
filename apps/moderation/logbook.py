"""The audit log as moderators read it: sentences with names, and what can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.channels.roles import Role
from apps.core.models import UNDONE, AuditEntry

from .titles import rule_title
from .undo import INVERSES, undone_among

# "… timed out …": what stands between who did it and to whom. Others are told by their bare name.
DEEDS = {
    "person.timeout": "timed out",
    "person.ban": "banned",
    "person.reason": "changed the reason of the ban of",
    "person.lift": "let back in",
    "person.warn": "warned",
    "warning.acknowledge": "acknowledged a warning",
    "unban.answer": "answered the request of",
    "note.write": "wrote a note on",
    "note.delete": "deleted a note on",
    "report.answer": "answered a report",
    "rules.edit": "changed automatic rules",
    "message.delete": "removed a message",
    "message.restore": "brought a message back",
    "person.purge": "removed all messages of",
    "message.pin": "pinned a message",
    "message.unpin": "unpinned a message",
    "message.announce": "made an announcement",
    "chat.clear": "cleared the chat",
    "chat.modes": "changed the chat's modes",
    "held.approve": "approved a held message of",
    "held.reject": "rejected a held message of",
    "shield.raise": "raised the shield",
    "shield.lower": "lowered the shield",
    "raid.begun": "began a raid",
    "raid.cancelled": "cancelled a raid",
    "raid.gone": "sent the viewers on",
    "raid.received": "came with a raid",
    "invitation.sent": "invited",
    "invitation.withdrawn": "withdrew the invitation of",
    "invitation.accepted": "joined the team",
    "role.removed": "took the role from",
    "role.left": "left the team",
    UNDONE: "undid",
}


# (ids of one type of subject) → what each is, in words, as far as it is known.
Teller = Callable[[Collection[str]], dict[str, str]]
_TELLERS: dict[str, Teller] = {}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry. `actor` is None for an automatic rule or a show, `subject` when it is about no person;
    `about` says what it is about then, if that is known."""

    entry: AuditEntry
    actor: User | None
    subject: User | None
    about: str
    is_undone: bool

    @property
    def deed(self) -> str:
        return deed_words(self.entry.action)

    @property
    def undone_deed(self) -> str:
        """What an undoing took back."""
        return deed_words(self.entry.details["undone"]) if self.entry.action == UNDONE else ""

    @property
    def note(self) -> str:
        """What else is to be known of it: the reason, the words, the answer, what was changed."""
        details = self.entry.details
        if self.entry.action == "rules.edit":
            return ", ".join(sorted(map(rule_title, details["after"])))
        if self.entry.action == "chat.modes":
            return ", ".join(_mode_words(name, details["after"][name]) for name in sorted(details["after"]))
        return (
            self.about
            or details.get("reason")
            or details.get("content")
            or details.get("answer", "").capitalize()
            or (Role(details["role"]).label if "role" in details else "")
        )

    @property
    def can_undo(self) -> bool:
        return self.entry.action in INVERSES and not self.is_undone


def deed_words(action: str) -> str:
    """What an action is called in a sentence."""
    return DEEDS.get(action, action.replace(".", ": ").replace("_", " "))


def lines(entries: Iterable[AuditEntry]) -> list[LogLine]:
    """The entries with the people they name, in two queries and one for each type of thing they are about."""
    rows = list(entries)
    people, told = people_of(rows), _told(rows)
    undone = undone_among([row.pk for row in rows])
    return [
        LogLine(
            entry=row,
            actor=people.get(str(row.actor_id)),
            subject=people.get(_person_in(row)),
            about=told.get(row.subject_id, ""),
            is_undone=row.pk in undone,
        )
        for row in rows
    ]


def people_of(entries: Iterable[AuditEntry]) -> dict[str, User]:
    """The people whom the entries name, by their id as text."""
    rows = list(entries)
    ids = {_person_in(row) for row in rows} - {""}
    ids |= {str(row.actor_id) for row in rows if row.actor_id}
    return {str(person.pk): person for person in User.objects.filter(pk__in=ids)}


def _person_in(entry: AuditEntry) -> str:
    """The id of the person whom an entry is about, as text; "" when it is about none, or about its actor."""
    if entry.subject_type == User._meta.label_lower:
        return entry.subject_id
    user_id = entry.details.get("user_id") or ""
    return "" if user_id == str(entry.actor_id) else user_id


def _mode_words(name: str, value: Any) -> str:
    said = value if type(value) is int else "on" if value else "off"
    return f"{name.replace('_', ' ')}: {said}"


def teach_subject(subject_type: str, teller: Teller) -> None:
    """Let an app above say what entries about its rows are about (`aethex/wiring.py`)."""
    _TELLERS[subject_type] = teller


def _told(rows: list[AuditEntry]) -> dict[str, str]:
    told: dict[str, str] = {}
    for subject_type in {row.subject_type for row in rows} & set(_TELLERS):
        told |= _TELLERS[subject_type]([row.subject_id for row in rows if row.subject_type == subject_type])
    return told
