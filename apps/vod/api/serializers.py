"""What remains of streams, as the API shows it."""

from __future__ import annotations

from datetime import UTC, datetime

from rest_framework import serializers

from apps.streams.media import Gap


class GapSerializer(serializers.Serializer):
    """A time without a picture. What is under a second is none."""

    startedAt = serializers.SerializerMethodField()
    seconds = serializers.SerializerMethodField(help_text="How long nothing came.")
    positionSeconds = serializers.SerializerMethodField(help_text="Where in the video that is.")

    def get_startedAt(self, gap: Gap) -> datetime:
        return datetime.fromtimestamp(gap.wall_ms / 1000, UTC)

    def get_seconds(self, gap: Gap) -> float:
        return gap.duration_ms / 1000

    def get_positionSeconds(self, gap: Gap) -> float:
        return gap.position_ms / 1000
