"""What people find, as the API shows it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.streams.api.serializers import StreamSerializer


class CategorySerializer(serializers.Serializer):
    """A category, and what is on air in it and below."""

    slug = serializers.CharField(source="shelf.category.slug")
    name = serializers.CharField(source="shelf.category.name")
    parent: Any = serializers.CharField(
        source="shelf.category.parent.slug", allow_null=True, default=None, help_text="null at the top."
    )
    icon = serializers.CharField(source="shelf.icon", help_text="Its name among Lucide's icons.")
    coverUrl = serializers.CharField(source="shelf.cover_url", help_text="Empty: draw the icon.")
    liveCount = serializers.IntegerField(source="live")
    viewerCount = serializers.IntegerField(source="watching")


class FeedSerializer(serializers.Serializer):
    """A piece of an endless list. `next` is the `after` of the next piece, empty at the end."""

    data: Any = StreamSerializer(many=True)
    hasMore = serializers.BooleanField()
    next = serializers.CharField(allow_blank=True)


class BannerSerializer(serializers.Serializer):
    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    link = serializers.CharField(help_text="A path of this site.")
    linkText = serializers.CharField(source="link_text")
    pictureUrl = serializers.CharField(source="picture_url", help_text="Empty: none.")


class FeaturedSerializer(serializers.Serializer):
    """What staff put on home: one of both is null."""

    stream = StreamSerializer(allow_null=True)
    banner = BannerSerializer(allow_null=True)
