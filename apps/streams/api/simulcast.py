"""Targets of simulcast over the API."""

from __future__ import annotations

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.channels.api.views import parsed
from apps.channels.selectors import find_channel
from apps.core.errors import Invalid
from apps.streams import services
from apps.streams.models import SimulcastTarget

from . import serializers as shapes


class Targets(APIView):
    @extend_schema(responses=shapes.ForwardingSerializer(many=True))
    def get(self, request: Request, channel: str) -> Response:
        """Where the channel's stream is forwarded to; for its owner."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        targets = services.forwardings(actor=request.user, channel=found)
        return Response(shapes.ForwardingSerializer(targets, many=True).data)

    @extend_schema(request=shapes.NewTargetSerializer, responses={201: shapes.ForwardingSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Forwards the stream there, too; at once when it is live."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(shapes.NewTargetSerializer(data=request.data))
        target = services.add_target(actor=request.user, channel=found, **fields)
        return Response(_shown(target), status=status.HTTP_201_CREATED)


class OneTarget(APIView):
    @extend_schema(responses=shapes.ForwardingSerializer)
    def get(self, request: Request, channel: str, target: str) -> Response:
        return Response(_shown(self._find(request, channel, target)))

    @extend_schema(request=shapes.TargetChangesSerializer, responses=shapes.ForwardingSerializer)
    def patch(self, request: Request, channel: str, target: str) -> Response:
        """Changes or switches it. Another address needs its key again."""
        found = self._find(request, channel, target)
        changes = parsed(shapes.TargetChangesSerializer(data=request.data))
        if not changes:
            raise Invalid("Name at least one field to change.", code="NOTHING_TO_CHANGE")
        on = changes.pop("isOn", None)
        with transaction.atomic():
            if changes:
                found = services.change_target(actor=request.user, target=found, **changes)
            if on is not None:
                found = services.switch_target(actor=request.user, target=found, on=on)
        return Response(_shown(found))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: str, target: str) -> Response:
        services.remove_target(actor=request.user, target=self._find(request, channel, target))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _find(self, request: Request, channel: str, target: str) -> SimulcastTarget:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return services.target_of(actor=request.user, channel=found, target_id=target)


def _shown(target: SimulcastTarget) -> dict[str, object]:
    return dict(shapes.ForwardingSerializer(services.forwarding_of(target)).data)
