"""Channels over the API: each view loads through a door, calls one verb and answers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.serializers import PersonSerializer
from apps.accounts.reauthentication import require_recent_proof
from apps.channels import services
from apps.channels.models import Channel
from apps.channels.selectors import find_channel, followers_of, popular_tags, tags_in_use, ties_of
from apps.channels.services.channels import TAG_LENGTH
from apps.core.errors import Invalid
from apps.core.pagination import PageEnvelope
from apps.core.text import clean

from .serializers import (
    BellSerializer,
    ChannelChangesSerializer,
    ChannelSerializer,
    FollowStateSerializer,
    NewChannelSerializer,
    TagsSerializer,
)

PAGE = [OpenApiParameter("page", int), OpenApiParameter("limit", int)]


def parsed(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class Channels(APIView):
    @extend_schema(responses=ChannelSerializer(many=True), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """Listed channels, newest first; `?mine=1` are the caller's own."""
        channels = Channel.objects.select_related("owner", "category")
        if request.query_params.get("mine") == "1" and request.user.is_authenticated:
            channels = channels.filter(owner=request.user)
        else:
            channels = channels.listed()
        pages = PageEnvelope()
        page = pages.paginate_queryset(channels, request)
        return pages.get_paginated_response(list(ChannelSerializer(page, many=True).data))

    @extend_schema(request=NewChannelSerializer, responses={201: ChannelSerializer})
    def post(self, request: Request) -> Response:
        fields = parsed(NewChannelSerializer(data=request.data))
        channel = services.create_channel(actor=request.user, **fields)
        return Response(ChannelSerializer(channel).data, status=status.HTTP_201_CREATED)


class OneChannel(APIView):
    @extend_schema(responses=ChannelSerializer)
    def get(self, request: Request, channel: str) -> Response:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return Response(ChannelSerializer(found).data)

    @extend_schema(request=ChannelChangesSerializer, responses=ChannelSerializer)
    def patch(self, request: Request, channel: str) -> Response:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        changes = parsed(ChannelChangesSerializer(data=request.data))
        if not changes:
            raise Invalid("Name at least one field to change.", code="NOTHING_TO_CHANGE")
        found = services.edit_channel(actor=request.user, channel=found, **changes)
        return Response(ChannelSerializer(found).data)

    @extend_schema(parameters=[OpenApiParameter("confirmation", str, required=True)], responses={204: None})
    def delete(self, request: Request, channel: str) -> Response:
        """Delete for good; `?confirmation=` is the channel's slug. Takes a recent proof of who asks."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        require_recent_proof(request)
        confirmation = request.query_params.get("confirmation", "")
        services.delete_channel(actor=request.user, channel=found, confirmation=confirmation)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChannelFollow(APIView):
    @extend_schema(responses=FollowStateSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """Whether and how the caller follows."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return _followed(found, ties_of(request.user, found).bell)

    @extend_schema(request=BellSerializer, responses=FollowStateSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Follow; or, who follows already, choose of what to hear."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        wanted = parsed(BellSerializer(data=request.data))
        follow = services.follow_channel(actor=request.user, channel=found, **wanted)
        return _followed(found, follow.bell)

    @extend_schema(request=None, responses={200: FollowStateSerializer})
    def delete(self, request: Request, channel: str) -> Response:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        services.unfollow_channel(actor=request.user, channel=found)
        return _followed(found, None)


def _followed(channel: Channel, bell: str | None) -> Response:
    channel.refresh_from_db(fields=["follower_count"])
    return Response(
        {
            "isFollowing": bell is not None,
            "bell": bell,
            "followerCount": channel.follower_count,
        }
    )


class ChannelFollowers(APIView):
    @extend_schema(responses=PersonSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, channel: str) -> Response:
        """Who follows, the latest first, as far as the caller may know; `followerCount` counts all."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        pages = PageEnvelope()
        page = pages.paginate_queryset(followers_of(viewer=request.user, channel=found), request)
        return pages.get_paginated_response(list(PersonSerializer(page, many=True).data))


class Tags(APIView):
    @extend_schema(parameters=[OpenApiParameter("q", str)], responses=TagsSerializer)
    def get(self, request: Request) -> Response:
        """Tags in use that begin with `q`, the most used first; to suggest while somebody types."""
        prefix = clean(request.query_params.get("q", "").lstrip("#"), field="q", most=TAG_LENGTH).lower()
        found = tags_in_use(prefix) if prefix else popular_tags()
        return Response({"data": found, "hasMore": False})
