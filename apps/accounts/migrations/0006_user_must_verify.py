from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_people_by_beginning")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="must_verify",
            field=models.BooleanField(
                default=False,
                help_text="Their sign-up looked like a machine's: they confirm an address before they write or "
                "open a channel.",
            ),
        ),
    ]
