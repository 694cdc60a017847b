"""Raids over the API: each view loads through a door, calls one verb and answers."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.channels import policies
from apps.channels.api.views import parsed
from apps.channels.roles import Power
from apps.channels.selectors import find_channel
from apps.core.throttles import StreamControl
from apps.engagement import services
from apps.engagement.payloads import raid_payload

from . import serializers as shapes


class OneRaid(APIView):
    @extend_schema(responses=shapes.RaidStateSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """The raid that the channel's viewers are about to go on."""
        raid = services.raid_of(find_channel(viewer=request.user, slug_or_id=channel))
        return Response({"raid": raid_payload(raid) if raid else None})

    @extend_schema(request=shapes.NewRaidSerializer, responses={201: shapes.RaidSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Counts down to taking the viewers to another live channel."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(shapes.NewRaidSerializer(data=request.data))
        raid = services.begin_raid(actor=request.user, channel=found, **fields)
        return Response(raid_payload(raid), status=status.HTTP_201_CREATED)

    @extend_schema(responses={200: shapes.RaidSerializer})
    def delete(self, request: Request, channel: str) -> Response:
        """Calls it off."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return Response(raid_payload(services.cancel_raid(actor=request.user, channel=found)))

    def get_throttles(self) -> list[BaseThrottle]:
        return super().get_throttles() if self.request.method == "GET" else [StreamControl()]


class RaidById(APIView):
    @extend_schema(responses=shapes.RaidSerializer)
    def get(self, request: Request, raid: uuid.UUID) -> Response:
        """What became of a raid: for a page that was not told."""
        return Response(raid_payload(services.find_raid(viewer=request.user, raid_id=raid)))


class RaidNow(APIView):
    throttle_classes = [StreamControl]

    @extend_schema(request=None, responses=shapes.RaidSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Goes without waiting for the end of the countdown."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return Response(raid_payload(services.go_now(actor=request.user, channel=found)))


class Settings(APIView):
    @extend_schema(responses=shapes.RaidSettingsSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """Whose raids the channel takes."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        policies.require(request.user, Power.EDIT_CHANNEL, found)
        return Response({"accepts": services.accepts_of(found)})

    @extend_schema(request=shapes.RaidSettingsSerializer, responses=shapes.RaidSettingsSerializer)
    def put(self, request: Request, channel: str) -> Response:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(shapes.RaidSettingsSerializer(data=request.data))
        return Response({"accepts": services.choose_raiders(actor=request.user, channel=found, **fields)})


class Blocks(APIView):
    @extend_schema(responses=shapes.RaidBlockSerializer(many=True))
    def get(self, request: Request, channel: str) -> Response:
        """Channels whose raids are not taken, newest first."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        policies.require(request.user, Power.EDIT_CHANNEL, found)
        return Response(_shown(found.raid_blocks.select_related("blocked"), many=True))

    @extend_schema(request=shapes.NewRaidBlockSerializer, responses={201: shapes.RaidBlockSerializer})
    def post(self, request: Request, channel: str) -> Response:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(shapes.NewRaidBlockSerializer(data=request.data))
        block = services.block_raids(actor=request.user, channel=found, blocked=fields["channel"])
        return Response(_shown(block), status=status.HTTP_201_CREATED)


class OneBlock(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: str, blocked: Any) -> Response:
        """Takes its raids again, as the settings say."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        services.unblock_raids(actor=request.user, channel=found, blocked_id=blocked)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _shown(blocks: Any, *, many: bool = False) -> Any:
    return shapes.RaidBlockSerializer(blocks, many=many).data
