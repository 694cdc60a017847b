"""Shows over the API."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.reauthentication import require_recent_proof
from apps.channels.api.views import parsed
from apps.channels.models import Channel
from apps.channels.selectors import find_channel
from apps.core.errors import Invalid
from apps.core.throttles import StreamControl
from apps.streams import services
from apps.streams.doors import doors_for
from apps.streams.models import Show, SimulcastTarget, StreamKey

from .serializers import KeySerializer, StreamSerializer
from .views import key_answer, shown


class ChatModesSerializer(serializers.Serializer):
    """Modes of the chat that a show sets; one that is not named stays as it is."""

    slow = serializers.IntegerField(required=False, help_text="Seconds between two messages; 0 is off.")
    followersOnly = serializers.IntegerField(
        source="followers_only",
        required=False,
        allow_null=True,
        help_text="Minutes of having followed; null is off.",
    )
    membersOnly = serializers.BooleanField(source="members_only", required=False)
    emotesOnly = serializers.BooleanField(source="emotes_only", required=False)
    unique = serializers.BooleanField(required=False)


class ShowSerializer(serializers.ModelSerializer):
    id = serializers.CharField(read_only=True)
    titlePattern = serializers.CharField(source="title_pattern")
    nextNumber = serializers.IntegerField(source="next_number")
    nextTitle = serializers.SerializerMethodField()
    category: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    chatModes = ChatModesSerializer(source="chat_modes")
    targets = serializers.SerializerMethodField()
    isArchived = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="created_at")

    class Meta:
        model = Show
        fields = [
            "id",
            "name",
            "titlePattern",
            "nextNumber",
            "nextTitle",
            "description",
            "category",
            "tags",
            "chatModes",
            "announcement",
            "targets",
            "isArchived",
            "createdAt",
        ]

    def get_nextTitle(self, show: Show) -> str:
        return services.next_title(show)

    def get_targets(self, show: Show) -> list[str] | None:
        """Ids of the simulcast targets that are on during the show; null leaves them as they are."""
        return [str(target.pk) for target in show.targets.all()] if show.sets_targets else None

    def get_isArchived(self, show: Show) -> bool:
        return show.archived_at is not None


class NewShowSerializer(serializers.Serializer):
    """`titlePattern` may hold {n}, the number of the broadcast in its show, and {date}, its day as
    2026-02-07."""

    name = serializers.CharField(max_length=500)
    titlePattern = serializers.CharField(source="title_pattern", max_length=2000)
    nextNumber = serializers.IntegerField(source="next_number", required=False)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    category = serializers.CharField(max_length=100, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=100)
    chatModes = ChatModesSerializer(source="chat_modes", required=False)
    announcement = serializers.CharField(max_length=8192, required=False, allow_blank=True)
    targets = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        allow_null=True,
        max_length=20,
        help_text="Ids of simulcast targets that are on during the show; null leaves them as they are.",
    )


class ShowChangesSerializer(NewShowSerializer):
    name = serializers.CharField(max_length=500, required=False)
    titlePattern = serializers.CharField(source="title_pattern", max_length=2000, required=False)
    isArchived = serializers.BooleanField(required=False)


class Shows(APIView):
    @extend_schema(responses=ShowSerializer(many=True))
    def get(self, request: Request, channel: str) -> Response:
        """The channel's shows, archived ones last; for its crew."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return Response(ShowSerializer(services.shows_of(actor=request.user, channel=found), many=True).data)

    @extend_schema(request=NewShowSerializer, responses={201: ShowSerializer})
    def post(self, request: Request, channel: str) -> Response:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = _with_targets(found, parsed(NewShowSerializer(data=request.data)))
        show = services.create_show(actor=request.user, channel=found, **fields)
        return Response(ShowSerializer(show).data, status=status.HTTP_201_CREATED)


class OneShow(APIView):
    @extend_schema(responses=ShowSerializer)
    def get(self, request: Request, channel: str, show: str) -> Response:
        return Response(ShowSerializer(find_show(request, channel, show)).data)

    @extend_schema(request=ShowChangesSerializer, responses=ShowSerializer)
    def patch(self, request: Request, channel: str, show: str) -> Response:
        """Changes it. Archived, its key stops at once; restored, it gets a new one."""
        found = find_show(request, channel, show)
        changes = _with_targets(found.channel, parsed(ShowChangesSerializer(data=request.data)))
        if not changes:
            raise Invalid("Name at least one field to change.", code="NOTHING_TO_CHANGE")
        archive = changes.pop("isArchived", None)
        with transaction.atomic():
            if changes:
                found = services.edit_show(actor=request.user, show=found, **changes)
            if archive is not None:
                verb = services.archive_show if archive else services.restore_show
                found = verb(actor=request.user, show=found)
        return Response(ShowSerializer(found).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: str, show: str) -> Response:
        services.delete_show(actor=request.user, show=find_show(request, channel, show))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ShowKey(APIView):
    throttle_classes = [StreamControl]

    @extend_schema(responses=KeySerializer)
    def get(self, request: Request, channel: str, show: str) -> Response:
        """The show's own stream key, for the channel's owner and with a recent proof of who asks."""
        found = find_show(request, channel, show)
        require_recent_proof(request)
        key = services.reveal_key(
            actor=request.user, channel=found.channel, kind=StreamKey.Kind.SHOW, show=found
        )
        return key_answer(key, doors_for(request))

    @extend_schema(request=None, responses=KeySerializer)
    def post(self, request: Request, channel: str, show: str) -> Response:
        """Replaces the key; the old one stops at once."""
        found = find_show(request, channel, show)
        require_recent_proof(request)
        key = services.rotate_key(
            actor=request.user, channel=found.channel, kind=StreamKey.Kind.SHOW, show=found
        )
        return key_answer(key, doors_for(request))


class StartShow(APIView):
    throttle_classes = [StreamControl]

    @extend_schema(request=None, responses={201: StreamSerializer})
    def post(self, request: Request, channel: str, show: str) -> Response:
        """Announces the next broadcast as one of this show, for an encoder with the normal key."""
        broadcast = services.start_show(actor=request.user, show=find_show(request, channel, show))
        return Response(shown(request, broadcast), status=status.HTTP_201_CREATED)


def find_show(request: Request, channel: str, show: str) -> Show:
    found = find_channel(viewer=request.user, slug_or_id=channel)
    return services.show_of(actor=request.user, channel=found, show_id=show)


def _with_targets(channel: Channel, fields: dict[str, Any]) -> dict[str, Any]:
    """The same with rows in place of the targets' ids; Invalid where one is no target of the channel."""
    ids = fields.get("targets")
    if ids is None:
        return fields
    rows = list(SimulcastTarget.objects.filter(channel=channel, pk__in=ids))
    if len(rows) != len(set(ids)):
        raise Invalid.field("targets", "Choose among this channel's targets.")
    return fields | {"targets": rows}
