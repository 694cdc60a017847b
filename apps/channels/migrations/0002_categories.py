"""The categories that every site starts with; staff edit them in the admin."""

from django.db import migrations

TREE = {
    ("just-chatting", "Just chatting"): [],
    ("gaming", "Gaming"): [
        ("indie-games", "Indie games"),
        ("shooters", "Shooters"),
        ("strategy", "Strategy"),
        ("speedruns", "Speedruns"),
        ("esports", "Esports"),
    ],
    ("music", "Music"): [("djs", "DJs"), ("live-bands", "Live bands"), ("music-production", "Music production")],
    ("creative", "Creative"): [
        ("drawing", "Drawing & painting"),
        ("making", "Making & crafts"),
        ("photo-video", "Photo & video"),
    ],
    ("education", "Education"): [("software", "Software & code"), ("science", "Science"), ("languages", "Languages")],
    ("business", "Business"): [("startups", "Start-ups"), ("finance", "Finance")],
    ("sports", "Sports"): [("fitness", "Fitness"), ("outdoors", "Outdoors")],
    ("entertainment", "Entertainment"): [("shows", "Shows"), ("comedy", "Comedy"), ("food", "Food & drink")],
    ("other", "Other"): [],
}


def plant(apps, schema_editor):
    Category = apps.get_model("live_channels", "Category")
    for place, ((slug, name), children) in enumerate(TREE.items()):
        parent, _ = Category.objects.get_or_create(slug=slug, defaults={"name": name, "position": place})
        for child_place, (child_slug, child_name) in enumerate(children):
            Category.objects.get_or_create(
                slug=child_slug, defaults={"name": child_name, "parent": parent, "position": child_place}
            )


def keep(apps, schema_editor):
    """Backwards the rows stay: channels may use them; dropping the table removes them."""


class Migration(migrations.Migration):
    dependencies = [("live_channels", "0001_initial")]
    operations = [migrations.RunPython(plant, keep)]
