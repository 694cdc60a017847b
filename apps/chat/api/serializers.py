"""The chat's shapes in the API document."""

from __future__ import annotations

from rest_framework import serializers

from apps.chat.models import NONCE_MOST


class AuthorSerializer(serializers.Serializer):
    """Who said it, as the room shows them. A deleted account has an empty id."""

    id = serializers.CharField()
    username = serializers.CharField()
    displayName = serializers.CharField()
    avatarUrl = serializers.CharField()
    color = serializers.CharField()
    verified = serializers.BooleanField()


class MessageSerializer(serializers.Serializer):
    """A message; written by `apps.chat.payloads.message_payload`, the same live and stored."""

    id = serializers.CharField()
    seq = serializers.IntegerField()
    channelId = serializers.CharField()
    streamId = serializers.CharField(allow_null=True)
    content = serializers.CharField()
    badges = serializers.ListField(child=serializers.CharField())
    replyTo = serializers.CharField(allow_null=True)
    createdAt = serializers.DateTimeField()
    user = AuthorSerializer()
    deletedAt = serializers.DateTimeField(required=False)


class MessagePageSerializer(serializers.Serializer):
    """One page of a room, oldest first."""

    data = MessageSerializer(many=True)  # type: ignore[assignment]  # the envelope's name, also DRF's property
    hasMore = serializers.BooleanField()


class NewMessageSerializer(serializers.Serializer):
    # The text's own rule, with its own codes, is in apps.chat.content.
    content = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=8192)
    nonce = serializers.CharField(max_length=NONCE_MOST, required=False)
    replyTo = serializers.UUIDField(required=False, allow_null=True)
