"""What staff put before everybody: featured channels and banners, each for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.channels.models import Channel

# A path of ours, never `//elsewhere` or `/\elsewhere`, which browsers read as another site.
INNER_PATH = RegexValidator(
    r"\A/(?![/\\])[^\s\\]*\Z", "A link starts with / and stays on this site, such as /category/music."
)


class PlacementQuerySet(models.QuerySet):
    def current(self, at: datetime | None = None) -> Self:
        """Those whose time is now, the editors' order first."""
        at = at or timezone.now()
        begun = self.filter(Q(begins_at__isnull=True) | Q(begins_at__lte=at))
        return begun.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at)).order_by("position", "-id")


class Placement(models.Model):
    """A place on home, and when it is taken; without `begins_at` and `ends_at`: always."""

    position = models.PositiveSmallIntegerField(default=0, help_text="The smallest comes first.")
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class FeaturedChannel(Placement):
    """Shown first on home, with its picture, while it is on air."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")

    objects = PlacementQuerySet.as_manager()

    class Meta:
        ordering = ["position", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(begins_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                name="discovery_featured_ends_later",
                violation_error_message="It must end after it begins.",
            )
        ]

    def __str__(self) -> str:
        return self.channel.name


class Banner(Placement):
    """A few words with a link into the site, and perhaps a picture."""

    title = models.CharField(max_length=80)
    text = models.CharField(max_length=200, blank=True)
    link = models.CharField(max_length=200, validators=[INNER_PATH])
    link_text = models.CharField(max_length=30, default="Have a look")
    picture = models.ImageField(upload_to="banners/", blank=True)

    objects = PlacementQuerySet.as_manager()

    class Meta:
        ordering = ["position", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(begins_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                name="discovery_banner_ends_later",
                violation_error_message="It must end after it begins.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def picture_url(self) -> str:
        return self.picture.url if self.picture else ""
