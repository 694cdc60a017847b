"""The API's one table of routes (spec: Routes)."""

from typing import Any

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core.errors import NotFound


class NothingHere(APIView):
    """Every address that no row knows, counted like the others."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is nothing at this address.")


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
    path("", include("apps.engagement.api.urls")),
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", docs, name="api-docs"),
    re_path(r"^.*$", extend_schema(exclude=True)(NothingHere).as_view()),
]
