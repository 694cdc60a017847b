import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0003_message_kinds_and_threads'),
        ('live_channels', '0003_role_invitations'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rulebook',
            fields=[
                ('channel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rulebook', serialize=False, to='live_channels.channel')),
                ('version', models.PositiveBigIntegerField(default=0)),
            ],
        ),
    ]
