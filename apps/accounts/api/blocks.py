"""Blocks over the API."""

from __future__ import annotations

from typing import cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import services
from apps.accounts.models import Block, User
from apps.accounts.selectors import find_person
from apps.core.pagination import PageEnvelope

from .serializers import BlockSerializer, BlockStateSerializer
from .views import Mine


class PersonBlock(Mine):
    @extend_schema(request=None, responses=BlockStateSerializer)
    def post(self, request: Request, person: str) -> Response:
        """Block a person, by id or username; twice is once."""
        services.block_person(actor=request.user, person=find_person(person))
        return Response({"isBlocked": True})

    @extend_schema(request=None, responses={200: BlockStateSerializer})
    def delete(self, request: Request, person: str) -> Response:
        services.unblock_person(actor=request.user, person=find_person(person))
        return Response({"isBlocked": False})


class MyBlocks(Mine):
    @extend_schema(
        responses=BlockSerializer(many=True),
        parameters=[OpenApiParameter("page", int), OpenApiParameter("limit", int)],
    )
    def get(self, request: Request) -> Response:
        """Whom the caller blocks, newest first; nobody else can ask."""
        blocks = Block.objects.made_by(cast(User, request.user))
        pages = PageEnvelope()
        page = pages.paginate_queryset(blocks, request)
        return pages.get_paginated_response(list(BlockSerializer(page, many=True).data))
