"""What search engines ask for: where they may go, and what there is."""

from __future__ import annotations

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.channels.models import Category, Channel

A_PAGE = 5000
# Doors, and what is no page. A person's own pages lead robots to the first of these doors.
CLOSED = ("/auth/", "/admin/", "/api/", "/live/", "/dock", "/design")


@require_safe
@cache_control(max_age=3600, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    """`/robots.txt` (RFC 9309)."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), "Allow: /api/docs"]
    lines += ["", f"Sitemap: {request.build_absolute_uri(reverse('sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


class Pages(Sitemap):
    changefreq = "hourly"

    def items(self) -> list[str]:
        return ["discovery:home", "discovery:browse", "discovery:categories"]

    def location(self, item: str) -> str:
        return reverse(item)


class Channels(Sitemap):
    """Channels that may be found, those from long ago first: their pages stay where they are."""

    changefreq = "daily"
    limit = A_PAGE

    def items(self) -> QuerySet[Channel]:
        return Channel.objects.listed().only("id", "slug").order_by("id")


class Categories(Sitemap):
    changefreq = "hourly"

    def items(self) -> QuerySet[Category]:
        return Category.objects.order_by("slug")

    def location(self, item: Category) -> str:
        return reverse("discovery:category", args=[item.slug])


SITEMAPS = {"pages": Pages, "categories": Categories, "channels": Channels}
