"""The database itself refuses to change the audit log."""

from django.db import migrations

# SQLite refuses changes only: a test's clean-up deletes rows there, and whoever can write the file can do anything.
SQLITE = """
CREATE TRIGGER core_audit_append_only BEFORE UPDATE ON core_auditentry
BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END
"""
POSTGRESQL = """
CREATE FUNCTION core_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'an audit entry is never changed or deleted' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER core_audit_append_only BEFORE UPDATE OR DELETE ON core_auditentry
FOR EACH ROW EXECUTE FUNCTION core_audit_append_only();
"""


def refuse_changes(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def allow_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER core_audit_append_only ON core_auditentry")
        schema_editor.execute("DROP FUNCTION core_audit_append_only()")
    else:
        schema_editor.execute("DROP TRIGGER core_audit_append_only")


class Migration(migrations.Migration):

    dependencies = [("core", "0002_audit_undone_once")]

    operations = [migrations.RunPython(refuse_changes, allow_changes)]
