"""People are found by how their names begin without reading all of them; SQLite has no index for that."""

from django.db import migrations

NAMES = ("username", "display_name")


def index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in NAMES:
            schema_editor.execute(
                f"CREATE INDEX accounts_{name}_begins ON accounts_user (UPPER({name}::text) text_pattern_ops)"
            )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in NAMES:
            schema_editor.execute(f"DROP INDEX accounts_{name}_begins")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_account_standing")]
    operations = [migrations.RunPython(index, drop)]
