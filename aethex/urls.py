"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.contrib.sitemaps import views as sitemaps
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_safe
from django.views.static import serve

from . import design, pwa, robots
from .robots import SITEMAPS

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("aethex.api")),
    path("admin/", admin.site.urls),
    path("auth/", include("apps.accounts.urls")),
    path("", include("apps.accounts.page_urls")),
    path("", include("apps.channels.urls")),
    path("", include("apps.moderation.urls")),
    path("", include("apps.chat.desk.urls")),
    path("", include("apps.chat.urls")),
    path("", include("apps.engagement.urls")),
    path("", include("apps.streams.urls")),
    path("", include("apps.notifications.urls")),
    path("offline", pwa.offline, name="offline"),
    path("worker.js", pwa.worker, name="worker"),
    path("robots.txt", robots.robots, name="robots"),
    path(
        "sitemap.xml",
        require_safe(sitemaps.index),
        {"sitemaps": SITEMAPS, "sitemap_url_name": "sitemap-part"},
        "sitemap",
    ),
    path("sitemap-<str:section>.xml", require_safe(sitemaps.sitemap), {"sitemaps": SITEMAPS}, "sitemap-part"),
    path("design", design.components, name="design"),
    path("design/letters/<str:letter>", design.letter, name="letter"),
    path("", include("apps.discovery.urls")),
]
if not settings.S3_BUCKET:
    # Pictures that people uploaded: re-encoded by us, harmless to serve.
    urlpatterns.append(re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}))

handler400 = "aethex.errors.bad_request"
handler403 = "aethex.errors.forbidden"
handler404 = "aethex.errors.not_found"
handler500 = "aethex.errors.server_error"
