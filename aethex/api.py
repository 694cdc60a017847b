"""The API's one table of routes (spec: Routes)."""

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, JsonResponse
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from . import errors


def nothing_here(request: HttpRequest) -> JsonResponse:
    return errors.not_found(request)  # type: ignore[return-value]


# Swagger UI brings an inline <style>; its script is a file of ours.
docs = csp_update({"style-src": [UNSAFE_INLINE]})(SpectacularSwaggerSplitView.as_view(url_name="api-schema"))

urlpatterns = [
    path("", include("apps.accounts.api.urls")),
    path("", include("apps.channels.api.urls")),
    path("", include("apps.moderation.api.urls")),
    path("", include("apps.discovery.api.urls")),
    path("", include("apps.streams.api.urls")),
    path("", include("apps.chat.api.urls")),
    path("", include("apps.vod.api.urls")),
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", docs, name="api-docs"),
    re_path(r"^.*$", nothing_here),
]
