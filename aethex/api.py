"""The API's one table of routes (spec: Routes)."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from . import errors


def nothing_here(request: HttpRequest) -> JsonResponse:
    return errors.not_found(request)  # type: ignore[return-value]


urlpatterns = [
    path("", include("apps.accounts.api.urls")),
    path("", include("apps.channels.api.urls")),
    path("", include("apps.streams.api.urls")),
    path("", include("apps.chat.api.urls")),
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    re_path(r"^.*$", nothing_here),
]
