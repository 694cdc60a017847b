"""Finding something to watch, over the API. Lists of what is on air may be two seconds old."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.channels.api.views import PAGE
from apps.core.pagination import PageEnvelope
from apps.discovery import feeds, selectors
from apps.discovery.board import board
from apps.discovery.categories import busy, tree
from apps.streams.api.serializers import StreamSerializer
from apps.streams.api.views import shown, shown_all

from .serializers import BannerSerializer, CategorySerializer, FeaturedSerializer, FeedSerializer

FILTERS = [
    OpenApiParameter("tag", str),
    OpenApiParameter("language", str),
    OpenApiParameter("mature", str, enum=["1"], description="1: mature channels, too"),
]
CATEGORY = OpenApiParameter("category", str, description="a slug; its children count in")
SORT = OpenApiParameter("sort", str, enum=sorted(feeds.SORTS))


def paged(request: Request, wanted: feeds.Wanted) -> Response:
    """All that is asked for, in the envelope of lists."""
    pages = PageEnvelope()
    page = pages.paginate_queryset(feeds.matching(wanted, board()), request)
    return pages.get_paginated_response(shown_all(request, [row.broadcast for row in page]))


class Browse(APIView):
    @extend_schema(
        operation_id="browse",
        responses=FeedSerializer,
        parameters=[SORT, CATEGORY, *FILTERS, OpenApiParameter("after", str), OpenApiParameter("limit", int)],
    )
    def get(self, request: Request) -> Response:
        """An endless list of what is on air, which neither repeats nor leaves out while numbers change."""
        wanted = feeds.wanted_from(request.query_params, tree())
        limit = PageEnvelope().get_page_size(request)
        page = feeds.page_of(wanted, board(), after=request.query_params.get("after", ""), size=limit)
        data = shown_all(request, [row.broadcast for row in page.rows])
        return Response({"data": data, "hasMore": bool(page.next), "next": page.next})


class SortedStreams(APIView):
    """What is on air, in an order that the address names."""

    sort = ""

    @extend_schema(responses=StreamSerializer(many=True), parameters=[CATEGORY, *FILTERS, *PAGE])
    def get(self, request: Request) -> Response:
        return paged(request, feeds.wanted_from(request.query_params, tree(), sort=self.sort))


class CategoryStreams(APIView):
    @extend_schema(responses=StreamSerializer(many=True), parameters=[SORT, *FILTERS, *PAGE])
    def get(self, request: Request, slug: str) -> Response:
        """What is on air in a category and below it."""
        return paged(request, feeds.wanted_from(request.query_params, tree(), category=slug))


class Categories(APIView):
    @extend_schema(responses=CategorySerializer(many=True), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """All categories, in the editors' order."""
        pages, now = PageEnvelope(), board()
        page = pages.paginate_queryset([busy(shelf, now) for shelf in tree().all], request)
        return pages.get_paginated_response(list(CategorySerializer(page, many=True).data))


class OneCategory(APIView):
    @extend_schema(responses=CategorySerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(CategorySerializer(busy(tree().find(slug), board())).data)


class Featured(APIView):
    @extend_schema(responses=FeaturedSerializer(many=True), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """What staff put on home: streams of featured channels that are on air, then banners."""
        now, placed = board(), selectors.placed()
        rows: list[dict[str, Any]] = [
            {"stream": shown(request, row.broadcast), "banner": None}
            for row in selectors.featured_on_air(now, placed.channels)
        ]
        rows += [{"stream": None, "banner": BannerSerializer(banner).data} for banner in placed.banners]
        pages = PageEnvelope()
        return pages.get_paginated_response(pages.paginate_queryset(rows, request))
