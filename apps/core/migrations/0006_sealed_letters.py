"""What letters say is sealed until they are posted; those that wait are sealed on the way."""

import json

from django.db import migrations, models

from apps.core.sealing import box


def seal(apps, schema_editor):
    for letter in apps.get_model("core", "OutgoingLetter").objects.all():
        said = {name: getattr(letter, name) for name in ("subject", "text", "html", "headers")}
        letter.sealed = box("letters").encrypt(json.dumps(said).encode()).decode()
        letter.save(update_fields=["sealed"])


class Migration(migrations.Migration):

    dependencies = [("core", "0005_outgoing_letter")]

    operations = [
        migrations.AddField("OutgoingLetter", "sealed", models.TextField(default=""), preserve_default=False),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RemoveField("OutgoingLetter", "subject"),
        migrations.RemoveField("OutgoingLetter", "text"),
        migrations.RemoveField("OutgoingLetter", "html"),
        migrations.RemoveField("OutgoingLetter", "headers"),
    ]
