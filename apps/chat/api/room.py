"""A room over the API: its modes, its pin, its shield, and what empties it."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.channels.models import Channel
from apps.channels.selectors import find_channel
from apps.chat import selectors, services
from apps.chat.payloads import message_payload, settings_payload
from apps.chat.services.commands import commands_for
from apps.moderation.api.serializers import TargetSerializer
from apps.moderation.api.views import parsed, target_of

from . import serializers as shapes


class RoomSettings(APIView):
    @extend_schema(responses=shapes.SettingsSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """How the room is now."""
        return answer(find_channel(viewer=request.user, slug_or_id=channel))

    @extend_schema(request=shapes.ModesSerializer, responses=shapes.SettingsSerializer)
    def patch(self, request: Request, channel: str) -> Response:
        """Change some of the modes."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        changes = parsed(shapes.ModesSerializer(data=request.data))
        services.edit_modes(actor=request.user, channel=found, **changes)
        return answer(found)


class Pin(APIView):
    @extend_schema(request=shapes.PinSerializer, responses=shapes.SettingsSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Pin a message in place of the one that is pinned."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(shapes.PinSerializer(data=request.data))
        services.pin_message(actor=request.user, channel=found, **fields)
        return answer(found)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: str) -> Response:
        """Take the pinned message down."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        services.unpin_message(actor=request.user, channel=found)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Announcements(APIView):
    @extend_schema(request=shapes.AnnouncementSerializer, responses={201: shapes.MessageSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Say something that stands out."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(shapes.AnnouncementSerializer(data=request.data))
        said = services.announce(
            actor=request.user,
            channel=found,
            content=fields["content"],
            nonce=fields.get("nonce") or uuid.uuid4().hex,
        )
        return Response(message_payload(said), status=status.HTTP_201_CREATED)


class Clear(APIView):
    @extend_schema(request=None, responses=shapes.RemovedSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Remove all that the room shows."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return Response({"removed": services.clear_room(actor=request.user, channel=found)})


class Purge(APIView):
    @extend_schema(request=TargetSerializer, responses=shapes.RemovedSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Remove all that a person said here."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        user = target_of(parsed(TargetSerializer(data=request.data)))
        return Response({"removed": services.purge_person(actor=request.user, channel=found, user=user)})


class Shield(APIView):
    @extend_schema(request=shapes.ShieldSerializer, responses=shapes.SettingsSerializer)
    def put(self, request: Request, channel: str) -> Response:
        """Raise or lower the shield; lowered, everything is as it was before."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        on = parsed(shapes.ShieldSerializer(data=request.data))["on"]
        act = services.raise_shield if on else services.lower_shield
        act(actor=request.user, channel=found)
        return answer(found)


class Commands(APIView):
    @extend_schema(responses=shapes.CommandsSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """The slash commands that the caller may use here."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        known = commands_for(request.user, found)
        return Response({"commands": shapes.CommandSerializer(known, many=True).data})

    @extend_schema(request=shapes.LineSerializer, responses=shapes.SaidSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Carry out a slash command, such as `/timeout @name 10m`."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        line = parsed(shapes.LineSerializer(data=request.data))["line"]
        said = services.run_command(actor=request.user, channel=found, line=line)
        return Response({"message": said})


def answer(channel: Channel) -> Response:
    """The room as it is now."""
    room = selectors.room_of(channel.pk)
    return Response(settings_payload(room, selectors.pinned_in(room)))
