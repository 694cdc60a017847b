"""Notes on people, from moderators to moderators."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, NotAllowed
from apps.core.events import publish
from apps.core.models import AuditEntry
from apps.core.text import clean
from apps.moderation.facts import NoteWritten
from apps.moderation.models import WORDS_MOST, PersonNote


def write_note(*, actor: Actor, channel: Channel, user: User, text: str) -> PersonNote:
    """Add a note on `user`; not on the owner, staff, oneself or one's own rank."""
    policies.require_over(actor, Power.WRITE_NOTES, user, channel)
    text = clean(text, field="text", most=WORDS_MOST, least=1, lines=True)
    with transaction.atomic():
        note = PersonNote.objects.create(channel=channel, user=user, author_id=actor.pk, text=text)
        _tell(actor, "note.write", note)
    return note


def delete_note(*, actor: Actor, note: PersonNote) -> None:
    """Take a note away, one's own or another moderator's, but none on oneself; twice is once."""
    policies.require(actor, Power.WRITE_NOTES, note.channel)
    if note.user_id == actor.pk:
        raise NotAllowed("Somebody else has to decide about a note on you.")
    with transaction.atomic():
        note = PersonNote.objects.select_for_update(of=("self",)).get(pk=note.pk)
        if note.deleted_at is None:
            _set_deleted(note, is_deleted=True)
            _tell(actor, "note.delete", note)


def undo_write(actor: Actor, entry: AuditEntry) -> None:
    _reverse(entry, was_deleted=False)


def undo_delete(actor: Actor, entry: AuditEntry) -> None:
    _reverse(entry, was_deleted=True)


def _reverse(entry: AuditEntry, *, was_deleted: bool) -> None:
    note = PersonNote.objects.select_for_update(of=("self",)).filter(pk=entry.details["note_id"]).first()
    if note is None or (note.deleted_at is not None) != was_deleted:
        raise Conflict("This can't be undone any more. The note has changed.", code="NO_LONGER_APPLIES")
    _set_deleted(note, is_deleted=not was_deleted)
    publish(NoteWritten(note.channel_id, note.user_id, note.pk))


def _set_deleted(note: PersonNote, *, is_deleted: bool) -> None:
    note.deleted_at = timezone.now() if is_deleted else None
    note.save(update_fields=["deleted_at"])


def _tell(actor: Actor, action: str, note: PersonNote) -> None:
    audit.record(
        actor=actor, action=action, subject=note.user, channel_id=note.channel_id, note_id=str(note.pk)
    )
    publish(NoteWritten(note.channel_id, note.user_id, note.pk))
