"""Somebody asks for all that the site keeps of them, and a worker makes the file."""

from __future__ import annotations

import logging
import tempfile
import uuid
from datetime import timedelta
from typing import IO, Any

from django.core import signing
from django.core.files.base import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.access import hold_person
from apps.accounts.archive import write_archive
from apps.accounts.facts import ExportAsked
from apps.accounts.letters import write_to
from apps.accounts.models import Actor, DataExport, User
from apps.accounts.policies import acting
from apps.core import audit
from apps.core.errors import NotFound, TooMany
from apps.core.events import publish

log = logging.getLogger(__name__)

SALT = "accounts.export"
KEPT = timedelta(days=7)
# From one file to the next.
EVERY = timedelta(days=1)
LEASE = timedelta(minutes=5)
MOST_TRIES = 3
# A worker hears at once of what was asked for; the sweeper finds what it did not.
PATIENCE = timedelta(seconds=20)


def ask_for_export(*, actor: Actor) -> DataExport:
    """Have the file made; while one is being made, this is it. The person gets a letter when it is ready.

    Raises SignInNeeded, NotAllowed, TooMany within EVERY of the last one.
    """
    person = acting(actor)
    with transaction.atomic():
        user = hold_person(person.pk)  # two tabs ask for one
        if under_way := DataExport.objects.under_way().filter(user=user).first():
            return under_way
        last = DataExport.objects.filter(user=user, state=DataExport.State.READY).first()
        if last is not None and (wait := last.asked_at + EVERY - timezone.now()) > timedelta():
            raise TooMany(
                "You have a file of today. Ask for the next one tomorrow.", retry_after=wait.total_seconds()
            )
        export = DataExport.objects.create(user=user)
        audit.record(actor=user, action="data.asked", subject=user)
        publish(ExportAsked(export.pk))
    return export


def build_export(*, export_id: uuid.UUID) -> bool:
    """Make the file; False when it is made, is being made by another worker, or is given up."""
    now = timezone.now()
    free = Q(state=DataExport.State.WAITING) | Q(state=DataExport.State.WORKING, leased_until__lte=now)
    claimed = DataExport.objects.filter(free, pk=export_id, tries__lt=MOST_TRIES).update(
        state=DataExport.State.WORKING, leased_until=now + LEASE, tries=F("tries") + 1
    )
    if not claimed:
        return False
    export = DataExport.objects.select_related("user").get(pk=export_id)
    try:
        # It has no name: killed in the middle, nothing of it is left.
        with tempfile.TemporaryFile() as file:
            write_archive(export.user, file, at_work=lambda: _renew(export))
            _keep(export, file)
    except Exception:
        # Its lease runs out, and the sweeper has it tried again.
        log.exception("the data of %s could not be gathered", export.user_id)
        DataExport.objects.filter(pk=export_id).update(leased_until=timezone.now() + PATIENCE)
        return False
    return True


def sweep_exports() -> list[uuid.UUID]:
    """Remove files whose time is over, and give up what fails again and again; returns what waits for a
    worker, also because its worker has died."""
    now = timezone.now()
    for export in DataExport.objects.filter(expires_at__lte=now):
        remove_export(export)
    lost = Q(state=DataExport.State.WAITING, asked_at__lte=now - PATIENCE) | Q(
        state=DataExport.State.WORKING, leased_until__lte=now
    )
    for export in DataExport.objects.filter(lost, tries__gte=MOST_TRIES).select_related("user"):
        _give_up(export)
    return list(DataExport.objects.filter(lost, tries__lt=MOST_TRIES).values_list("pk", flat=True))


def remove_export(export: DataExport) -> None:
    """The file first: a row without a file is found again, a file without a row by nobody."""
    # Before that: a worker that is still at it shall neither begin nor keep a file behind our back.
    DataExport.objects.filter(pk=export.pk).update(state=DataExport.State.FAILED)
    storages["exports"].delete(export.file_name)
    export.delete()


def remove_exports_of(person: User) -> None:
    """Whoever goes for good leaves no file behind."""
    for export in DataExport.objects.filter(user=person):
        remove_export(export)


def export_token(export: DataExport) -> str:
    """The signed part of the address under which its owner, signed in, fetches the file."""
    return signing.dumps(export.pk.hex, salt=SALT)


def export_of_token(*, actor: Actor, token: str) -> DataExport:
    """The file of this address; NotFound for a wrong address, for others, and when its time is over."""
    try:
        key = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        raise _no_file() from None
    return ready_export(actor=actor, export_id=uuid.UUID(hex=key))


def ready_export(*, actor: Actor, export_id: uuid.UUID | None = None) -> DataExport:
    """The actor's file that is ready: this one, or the newest. Raises NotFound, SignInNeeded, NotAllowed."""
    ready = DataExport.objects.ready().filter(user=acting(actor))
    export = (ready.filter(pk=export_id) if export_id else ready).first()
    if export is None:
        raise _no_file()
    return export


def open_export(export: DataExport) -> IO[Any]:
    """The file's bytes, read as they are needed; NotFound when the storage does not have them."""
    try:
        return storages["exports"].open(export.file_name)
    except FileNotFoundError:
        raise _no_file() from None


def _renew(export: DataExport) -> None:
    now = timezone.now()
    if now + LEASE / 2 > (export.leased_until or now):
        export.leased_until = now + LEASE
        DataExport.objects.filter(pk=export.pk).update(leased_until=export.leased_until)


def _keep(export: DataExport, file: IO[bytes]) -> None:
    size = file.tell()
    file.seek(0)
    storages["exports"].save(export.file_name, File(file))
    now = timezone.now()
    with transaction.atomic():
        working = DataExport.objects.filter(pk=export.pk, state=DataExport.State.WORKING)
        kept = working.update(
            state=DataExport.State.READY, ready_at=now, expires_at=now + KEPT, size_bytes=size
        )
        if kept:
            export.refresh_from_db()
            write_to(export.user, "data_ready", export=export, token=export_token(export))
    # Another worker may have been first, its file is the same. Else it was given up, or its person has left.
    if not kept and not DataExport.objects.filter(pk=export.pk, state=DataExport.State.READY).exists():
        storages["exports"].delete(export.file_name)


def _give_up(export: DataExport) -> None:
    with transaction.atomic():
        under_way = DataExport.objects.under_way().filter(pk=export.pk)
        if under_way.update(state=DataExport.State.FAILED):
            write_to(export.user, "data_failed")


def _no_file() -> NotFound:
    return NotFound(
        "There is no such file, or its time is over. Ask for a new one in your settings.", code="NO_EXPORT"
    )
