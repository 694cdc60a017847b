"""The tags of channels that are there already, as rows."""

from django.db import migrations


def note_tags(apps, schema_editor):
    channel_tag = apps.get_model("live_channels", "ChannelTag")
    rows = []
    for pk, tags in apps.get_model("live_channels", "Channel").objects.values_list("pk", "tags").iterator(2000):
        rows += [channel_tag(channel_id=pk, name=tag) for tag in tags]
        if len(rows) >= 2000:
            channel_tag.objects.bulk_create(rows, ignore_conflicts=True)
            rows = []
    channel_tag.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("live_channels", "0011_links_card_and_tags")]

    operations = [migrations.RunPython(note_tags, migrations.RunPython.noop)]
