"""Channels as the API shows and takes them (spec: Bodies on the main path)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.accounts.api.serializers import PersonSerializer
from apps.channels.models import HELPERS, Channel, ChannelRole, Follow, RoleInvitation


class ChannelBriefSerializer(serializers.ModelSerializer):
    """A channel as part of something else."""

    id = serializers.CharField(read_only=True)
    avatarUrl = serializers.CharField(source="avatar_url", read_only=True)

    class Meta:
        model = Channel
        fields = ["id", "slug", "name", "avatarUrl"]


class ChannelSerializer(ChannelBriefSerializer):
    category: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    isLive = serializers.BooleanField(source="is_live", read_only=True)
    isMature = serializers.BooleanField(source="is_mature", read_only=True)
    isVerified = serializers.BooleanField(source="is_verified", read_only=True)
    followerCount = serializers.IntegerField(source="follower_count", read_only=True)
    bannerUrl = serializers.CharField(source="banner_url", read_only=True)
    links = serializers.DictField(child=serializers.CharField(), read_only=True)
    owner = PersonSerializer(read_only=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Channel
        fields = [
            "id",
            "slug",
            "name",
            "description",
            "category",
            "tags",
            "language",
            "isLive",
            "isMature",
            "isVerified",
            "visibility",
            "followerCount",
            "avatarUrl",
            "bannerUrl",
            "links",
            "owner",
            "createdAt",
        ]


class NewChannelSerializer(serializers.Serializer):
    """What creating takes; the verb itself checks the values."""

    name = serializers.CharField(max_length=500, trim_whitespace=False)
    slug = serializers.CharField(max_length=500, required=False, allow_blank=True)
    category = serializers.CharField(max_length=100, required=False, allow_blank=True)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=100)
    language = serializers.CharField(max_length=20, required=False)


class ChannelChangesSerializer(NewChannelSerializer):
    name = serializers.CharField(max_length=500, required=False)
    visibility = serializers.CharField(max_length=20, required=False)
    isMature = serializers.BooleanField(source="is_mature", required=False)
    showsFollowers = serializers.BooleanField(source="shows_followers", required=False)
    links = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True), required=False
    )


class BellSerializer(serializers.Serializer):
    """Of what the follower hears by letter; left out, a new follow has `live`."""

    bell = serializers.ChoiceField(choices=Follow.Bell.choices, required=False)


class FollowStateSerializer(serializers.Serializer):
    isFollowing = serializers.BooleanField()
    bell = serializers.ChoiceField(choices=Follow.Bell.choices, allow_null=True)
    followerCount = serializers.IntegerField()


class TagsSerializer(serializers.Serializer):
    data = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    hasMore = serializers.BooleanField(default=False)


class RoleSerializer(serializers.ModelSerializer):
    user = PersonSerializer(read_only=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = ChannelRole
        fields = ["user", "role", "createdAt"]


class NewInvitationSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=200)
    role = serializers.ChoiceField(choices=HELPERS)


class InvitationSerializer(serializers.ModelSerializer):
    id = serializers.CharField(read_only=True)
    channel = ChannelBriefSerializer(read_only=True)
    user = PersonSerializer(read_only=True)
    invitedBy = PersonSerializer(source="invited_by", read_only=True, allow_null=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)
    answeredAt = serializers.DateTimeField(source="answered_at", read_only=True, allow_null=True)

    class Meta:
        model = RoleInvitation
        fields = ["id", "channel", "user", "role", "invitedBy", "state", "createdAt", "answeredAt"]
