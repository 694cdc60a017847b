"""A person's own data over the API."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import services
from apps.accounts.data_views import export_file
from apps.accounts.models import DataExport, User
from apps.accounts.reauthentication import require_recent_proof
from apps.core.errors import NotFound

from .serializers import DataExportSerializer
from .views import Mine


class MyExport(Mine):
    @extend_schema(responses=DataExportSerializer)
    def get(self, request: Request) -> Response:
        """The last export that the caller asked for; 404 when there is none."""
        export = DataExport.objects.filter(user=cast(User, request.user)).first()
        if export is None:
            raise NotFound("You have not asked for your data yet.", code="NO_EXPORT")
        return Response(DataExportSerializer(export).data)

    @extend_schema(request=None, responses={202: DataExportSerializer})
    def post(self, request: Request) -> Response:
        """Have everything that is kept of the caller gathered in one zip file; at most once a day."""
        require_recent_proof(request)
        export = services.ask_for_export(actor=request.user)
        return Response(DataExportSerializer(export).data, status=status.HTTP_202_ACCEPTED)


class MyExportFile(Mine):
    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> Any:
        """The file, while it is kept."""
        require_recent_proof(request)
        return export_file(services.ready_export(actor=request.user))
