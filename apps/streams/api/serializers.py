"""Streams as the API shows and takes them (spec: Bodies on the main path)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.channels.api.serializers import ChannelBriefSerializer
from apps.streams.models import Broadcast
from apps.streams.services.playback import playback_url


class StreamSerializer(serializers.ModelSerializer):
    """`hlsUrl` carries a grant for the asking viewer (context `viewer_id`) while there is a picture."""

    id = serializers.CharField(read_only=True)
    channel = ChannelBriefSerializer(read_only=True)
    category: Any = serializers.SlugRelatedField("slug", read_only=True)
    categoryName = serializers.CharField(source="category.name", default=None, read_only=True)
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    viewerCount = serializers.IntegerField(source="viewer_count", read_only=True)
    peakViewers = serializers.IntegerField(source="peak_viewers", read_only=True)
    hlsUrl = serializers.SerializerMethodField()
    thumbnailUrl = serializers.CharField(source="channel.banner_url", read_only=True)
    scheduledAt = serializers.DateTimeField(source="scheduled_at", read_only=True)
    startedAt = serializers.DateTimeField(source="started_at", read_only=True)
    endsAt = serializers.DateTimeField(source="ends_at", read_only=True)
    endedAt = serializers.DateTimeField(source="ended_at", read_only=True)
    durationSeconds = serializers.SerializerMethodField()

    class Meta:
        model = Broadcast
        fields = [
            "id",
            "channel",
            "title",
            "description",
            "category",
            "categoryName",
            "tags",
            "language",
            "status",
            "viewerCount",
            "peakViewers",
            "hlsUrl",
            "thumbnailUrl",
            "scheduledAt",
            "startedAt",
            "endsAt",
            "endedAt",
            "durationSeconds",
        ]

    def get_hlsUrl(self, broadcast: Broadcast) -> str | None:
        # A grant is one viewer's: what goes to a whole room carries none.
        viewer_id = self.context.get("viewer_id")
        return (
            playback_url(broadcast=broadcast, viewer_id=viewer_id)
            if viewer_id and broadcast.is_live
            else None
        )

    def get_durationSeconds(self, broadcast: Broadcast) -> int | None:
        return int(broadcast.duration.total_seconds()) if broadcast.duration is not None else None


class NewStreamSerializer(serializers.Serializer):
    channelId = serializers.CharField(max_length=100)
    title = serializers.CharField(max_length=2000, allow_blank=True)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    category = serializers.CharField(max_length=100, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=100)


class StreamChangesSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    category = serializers.CharField(max_length=100, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=100)


class NewStatusSerializer(serializers.Serializer):
    status = serializers.ChoiceField(choices=["ENDING", "ARCHIVED"])


class HlsSerializer(serializers.Serializer):
    hlsUrl = serializers.CharField()
    expiresIn = serializers.IntegerField(help_text="Seconds; ask again before they are over.")


class KeySerializer(serializers.Serializer):
    streamKey = serializers.CharField()
    rtmpUrl = serializers.CharField()


class StreamStatusSerializer(serializers.Serializer):
    isLive = serializers.BooleanField()
    stream = StreamSerializer(required=False)


class ViewersSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    peak = serializers.IntegerField()
    unique = serializers.IntegerField()
    samples = serializers.ListField(child=serializers.DictField())


class HealthSerializer(serializers.Serializer):
    connected = serializers.BooleanField()
    bitrateKbps = serializers.IntegerField(allow_null=True)
    fps = serializers.FloatField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    videoCodec = serializers.CharField(allow_null=True)
    audioCodec = serializers.CharField(allow_null=True)
    keyframeSeconds = serializers.FloatField(allow_null=True)
