"""The audit log is appended to and read; nobody changes it, the database itself included."""

import pytest
from django.contrib import admin
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import RequestFactory
from pytest import raises

from apps.core import audit
from apps.core.models import UNDONE, AuditEntry
from tests import factories


@pytest.fixture
def entry(channel, streamer):
    return audit.record(
        actor=streamer, action="person.ban", subject=streamer, channel_id=channel.pk, reason="x"
    )


def test_an_entry_is_not_changed_through_the_models(entry):
    for change in (
        lambda: AuditEntry.objects.update(action="nothing"),
        lambda: AuditEntry.objects.filter(pk=entry.pk).delete(),
        lambda: AuditEntry.objects.bulk_update([entry], ["action"]),
        entry.save,
        entry.delete,
    ):
        with raises(TypeError):
            change()
    assert AuditEntry.objects.get(pk=entry.pk).action == "person.ban"


def test_the_database_refuses_to_change_an_entry(entry):
    with raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE core_auditentry SET action = 'nothing'")
    assert AuditEntry.objects.get(pk=entry.pk).action == "person.ban"


def test_postgresql_refuses_to_delete_an_entry(entry):
    if connection.vendor != "postgresql":
        # SQLite's rows are cleared after tests that commit; the models refuse there.
        assert connection.vendor == "sqlite"
        return
    with raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_auditentry")
    assert AuditEntry.objects.filter(pk=entry.pk).exists()


def test_an_entry_is_undone_once_by_the_databases_rule(entry, streamer):
    audit.record(actor=streamer, action=UNDONE, subject=entry)
    with raises(IntegrityError), transaction.atomic():
        audit.record(actor=streamer, action=UNDONE, subject=entry)


def test_staff_read_the_log_and_no_more(entry):
    request = RequestFactory().get("/")
    request.user = factories.person("root", is_staff=True, is_superuser=True)
    page = admin.site.get_model_admin(AuditEntry)
    assert page.has_view_permission(request)
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request, entry)
    assert not page.has_delete_permission(request, entry)
