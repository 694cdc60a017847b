"""Who is in a room."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.serializers import PersonSerializer
from apps.accounts.payloads import person_payload
from apps.channels.roles import Role
from apps.channels.selectors import find_channel
from apps.chat import selectors
from apps.core.errors import Invalid
from apps.core.pagination import PageEnvelope

NO_ROLE = "viewer"


class ChatterSerializer(serializers.Serializer):
    user = PersonSerializer()
    role = serializers.CharField(allow_null=True)


class Chatters(APIView):
    @extend_schema(
        responses=ChatterSerializer(many=True),
        parameters=[
            OpenApiParameter("role", str, description="a role, or viewer for who has none"),
            OpenApiParameter("page", int),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Request, channel: str) -> Response:
        """The signed-in people who have the chat open now, those with a role first, then by name."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        pages = PageEnvelope()
        rows = pages.paginate_queryset(selectors.chatters(found, role_of(request)), request, self)
        return pages.get_paginated_response(
            [{"user": person_payload(row), "role": row.held_role or None} for row in rows]
        )


def role_of(request: Request) -> str | None:
    asked = request.query_params.get("role")
    if not asked:
        return None
    if asked not in [*Role.values, NO_ROLE]:
        raise Invalid.field("role", f"role must be one of {', '.join([*Role.values, NO_ROLE])}.")
    return "" if asked == NO_ROLE else asked
