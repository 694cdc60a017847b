"""What remains of streams over the API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.channels.api.views import PAGE
from apps.core.pagination import PageEnvelope
from apps.streams.api.views import find_broadcast
from apps.vod import services

from .serializers import GapSerializer


class StreamGaps(APIView):
    @extend_schema(responses=GapSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, stream: str) -> Response:
        """When the stream had no picture, oldest first, for the channel's crew."""
        gaps = services.gaps_of(actor=request.user, broadcast=find_broadcast(request, stream))
        pages = PageEnvelope()
        page = pages.paginate_queryset(gaps, request)
        return pages.get_paginated_response(list(GapSerializer(page, many=True).data))
