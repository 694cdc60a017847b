"""The list envelope of the API: `{data, total, page, limit, hasMore}`."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from .errors import Invalid


class PageEnvelope(PageNumberPagination):
    """`?page=` from 1 and `?limit=` 1–100 (20); a value out of range is refused by name."""

    page_size = 20
    max_page_size = 100
    page_size_query_param = "limit"

    def get_page_size(self, request: Any) -> int:
        return self._whole(request, "limit", self.page_size, self.max_page_size)

    def get_page_number(self, request: Any, paginator: Any) -> int:
        return self._whole(request, "page", 1, 1_000_000)

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self.limit = self.get_page_size(request)
        paginator = self.django_paginator_class(queryset, self.limit)
        number = self.get_page_number(request, paginator)
        self.request = request
        # A page behind the end is an empty page: a client that walks forward simply stops there.
        self.total, self.number = paginator.count, number
        return list(queryset[(number - 1) * self.limit : number * self.limit])

    def get_paginated_response(self, data: list[Any]) -> Response:
        return Response(
            {
                "data": data,
                "total": self.total,
                "page": self.number,
                "limit": self.limit,
                "hasMore": self.number * self.limit < self.total,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        whole = {"type": "integer"}
        return {
            "type": "object",
            "required": ["data", "total", "page", "limit", "hasMore"],
            "properties": {
                "data": schema,
                "total": whole,
                "page": whole,
                "limit": whole,
                "hasMore": {"type": "boolean"},
            },
        }

    @staticmethod
    def _whole(request: Any, name: str, default: int, high: int) -> int:
        raw = request.query_params.get(name)
        if raw in (None, ""):
            return default
        if len(raw) > 9 or not (raw.isascii() and raw.isdigit()) or not 1 <= int(raw) <= high:
            raise Invalid.field(name, f"{name} must be a whole number from 1 to {high}.")
        return int(raw)
