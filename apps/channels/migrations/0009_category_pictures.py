"""Icons and covers of categories, and icons for those that every site starts with."""

from django.db import migrations, models

ICONS = {
    "just-chatting": "messages-square",
    "gaming": "gamepad-2",
    "indie-games": "sparkles",
    "shooters": "crosshair",
    "strategy": "swords",
    "speedruns": "timer",
    "esports": "trophy",
    "music": "music",
    "djs": "disc-3",
    "live-bands": "guitar",
    "music-production": "drum",
    "creative": "palette",
    "drawing": "brush",
    "making": "hammer",
    "photo-video": "camera",
    "education": "graduation-cap",
    "software": "code",
    "science": "flask-conical",
    "languages": "languages",
    "business": "briefcase",
    "startups": "rocket",
    "finance": "chart-line",
    "sports": "dumbbell",
    "outdoors": "mountain",
    "entertainment": "clapperboard",
    "shows": "tv",
    "comedy": "drama",
    "food": "utensils",
    "other": "shapes",
}


def draw(apps, schema_editor):
    Category = apps.get_model("live_channels", "Category")
    for slug, icon in ICONS.items():
        Category.objects.filter(slug=slug, icon="").update(icon=icon)


def keep(apps, schema_editor):
    """Backwards the columns go."""


class Migration(migrations.Migration):
    dependencies = [("live_channels", "0008_suspended_with_owner")]
    operations = [
        migrations.AddField("category", "icon", models.CharField(blank=True, max_length=40)),
        migrations.AddField("category", "cover", models.ImageField(blank=True, upload_to="categories/")),
        migrations.RunPython(draw, keep),
    ]
