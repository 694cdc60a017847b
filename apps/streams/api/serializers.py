"""Streams as the API shows and takes them (spec: Bodies on the main path)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.channels.api.serializers import ChannelBriefSerializer
from apps.streams.audience import MOST_STALLS
from apps.streams.models import Broadcast, Rehearsal
from apps.streams.services.playback import Viewer, playback_url, storyboard_url
from apps.streams.vitals import CURES, Fault, Severity
from apps.streams.vitals.rules import Topic
from apps.streams.vitals.verdict import Grade


class StreamSerializer(serializers.ModelSerializer):
    """`hlsUrl` and `storyboardUrl` carry a grant for the asking `viewer` (of the context) while there is a
    picture that they may see."""

    id = serializers.CharField(read_only=True)
    channel = ChannelBriefSerializer(read_only=True)
    category: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    categoryName = serializers.CharField(
        source="category.name", default=None, read_only=True, allow_null=True
    )
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    viewerCount = serializers.IntegerField(source="viewer_count", read_only=True)
    peakViewers = serializers.IntegerField(source="peak_viewers", read_only=True)
    hlsUrl = serializers.SerializerMethodField()
    storyboardUrl = serializers.SerializerMethodField()
    thumbnailUrl = serializers.SerializerMethodField()
    scheduledAt = serializers.DateTimeField(source="scheduled_at", read_only=True, allow_null=True)
    startedAt = serializers.DateTimeField(source="started_at", read_only=True, allow_null=True)
    endsAt = serializers.DateTimeField(source="ends_at", read_only=True, allow_null=True)
    endedAt = serializers.DateTimeField(source="ended_at", read_only=True, allow_null=True)
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
            "storyboardUrl",
            "thumbnailUrl",
            "scheduledAt",
            "startedAt",
            "endsAt",
            "endedAt",
            "durationSeconds",
        ]

    def get_hlsUrl(self, broadcast: Broadcast) -> str | None:
        viewer = self._viewer_of(broadcast)
        return (playback_url(broadcast=broadcast, viewer=viewer) or None) if viewer else None

    def get_storyboardUrl(self, broadcast: Broadcast) -> str | None:
        viewer = self._viewer_of(broadcast)
        return (storyboard_url(broadcast=broadcast, viewer=viewer) or None) if viewer else None

    def get_thumbnailUrl(self, broadcast: Broadcast) -> str:
        return broadcast.cover_url or broadcast.channel.banner_url

    def _viewer_of(self, broadcast: Broadcast) -> Viewer | None:
        """Whom a grant is for. It is one viewer's: what goes to a whole room carries none."""
        viewer: Viewer | None = self.context.get("viewer") if broadcast.is_live else None
        return None if viewer and viewer.is_banned_from(broadcast.channel) else viewer

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
    plainUrl = serializers.CharField(help_text="Without low latency, its media cacheable; empty: none.")
    storyboardUrl = serializers.CharField(help_text="Index of stills for seeking, as JSON; empty: none.")
    expiresIn = serializers.IntegerField(help_text="Seconds; ask again before they are over.")


class KeySerializer(serializers.Serializer):
    streamKey = serializers.CharField()
    rtmpUrl = serializers.CharField()
    rtmpsUrl = serializers.CharField(allow_null=True, help_text="The same behind TLS; null where it is off.")
    srtUrl = serializers.CharField(
        allow_null=True, help_text="For SRT, with the key as the stream id; null where it is off."
    )


class ForwardingSerializer(serializers.Serializer):
    """A target of simulcast and how it is doing. Its key is never told, only the end of a long one."""

    id = serializers.CharField(source="target.pk")
    name = serializers.CharField(source="target.name")
    url = serializers.CharField(source="target.url")
    keyEnding = serializers.CharField(source="target.key_ending")
    isOn = serializers.BooleanField(source="target.is_on")
    state = serializers.ChoiceField(
        choices=["off", "waiting", "connecting", "live", "retrying", "failed"],
        help_text="waiting: for this channel's encoder; failed: until somebody changes or switches it",
    )
    reason = serializers.CharField(help_text="Why it is retrying or failed.")
    nextAttemptAt = serializers.DateTimeField(source="next_attempt_at", allow_null=True)
    createdAt = serializers.DateTimeField(source="target.created_at")


class NewTargetSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    url = serializers.CharField(max_length=1000, help_text="rtmp:// or rtmps://, without the key")
    key = serializers.CharField(max_length=1000, write_only=True)


class TargetChangesSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=200, required=False)
    url = serializers.CharField(max_length=1000, required=False)
    key = serializers.CharField(max_length=1000, required=False, write_only=True)
    isOn = serializers.BooleanField(required=False)


class StreamStatusSerializer(serializers.Serializer):
    isLive = serializers.BooleanField()
    stream = StreamSerializer(required=False)


class ViewersSerializer(serializers.Serializer):
    count = serializers.IntegerField(help_text="Browsers with the page open or fetching media, each once.")
    proven = serializers.IntegerField(help_text="Those of them that were given media in the last seconds.")
    peak = serializers.IntegerField()
    unique = serializers.IntegerField()
    samples = serializers.ListField(child=serializers.DictField())


class AlertSerializer(serializers.Serializer):
    """One thing that the creator should know. `code` is stable; `title` and `cure` are for people."""

    code = serializers.ChoiceField(choices=sorted(CURES))
    topic = serializers.ChoiceField(choices=[str(topic) for topic in Topic])
    severity = serializers.ChoiceField(choices=[str(severity) for severity in Severity])
    fault = serializers.ChoiceField(choices=[str(fault) for fault in Fault])
    since = serializers.DateTimeField()
    title = serializers.CharField()
    cure = serializers.CharField()


class AudienceSerializer(serializers.Serializer):
    """What players told of the last minute."""

    reports = serializers.IntegerField()
    stalled = serializers.IntegerField(help_text="How many of them had to wait for the picture.")
    delaySeconds = serializers.FloatField(allow_null=True, help_text="From the ingest to the eye.")
    fault = serializers.ChoiceField(
        choices=[str(fault) for fault in Fault],
        allow_null=True,
        help_text="Where the cause of most waiting lies.",
    )


class PointSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    bitrateKbps = serializers.IntegerField()
    fps = serializers.FloatField()


class RenditionsSerializer(serializers.Serializer):
    offered = serializers.ListField(
        child=serializers.CharField(), help_text="What viewers may choose besides the source, largest first."
    )
    trouble = serializers.CharField(allow_blank=True, help_text="Why there are none, or not more.")


class HealthSerializer(serializers.Serializer):
    """Everything of the encoder is null while it is not connected."""

    connected = serializers.BooleanField()
    onBackup = serializers.BooleanField(help_text="What is described is the backup encoder, which is on air.")
    standby = serializers.BooleanField(help_text="The channel's other encoder is connected and ready.")
    encoder = serializers.CharField(allow_blank=True, help_text="What it calls itself.")
    bitrateKbps = serializers.IntegerField(allow_null=True)
    audioKbps = serializers.IntegerField(allow_null=True)
    fps = serializers.FloatField(allow_null=True, help_text="Measured over the last seconds.")
    nominalFps = serializers.FloatField(allow_null=True, help_text="What the encoder declares.")
    missingPercent = serializers.FloatField(
        allow_null=True, help_text="Of the last minute's pictures, those that the encoder left out."
    )
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    videoCodec = serializers.CharField(allow_null=True)
    profile = serializers.CharField(allow_null=True)
    level = serializers.CharField(allow_null=True)
    audioCodec = serializers.CharField(allow_null=True)
    audioSampleRate = serializers.IntegerField(allow_null=True)
    audioChannels = serializers.IntegerField(allow_null=True)
    sound = serializers.ChoiceField(
        choices=["present", "quiet", "none"],
        allow_null=True,
        help_text="Judged by its bytes, without decoding: quiet looks like silence.",
    )
    keyframeSeconds = serializers.FloatField(allow_null=True)
    reorderMs = serializers.IntegerField(allow_null=True, help_text="Delay by B-frames.")
    jitterMs = serializers.IntegerField(allow_null=True, help_text="Arrival against timestamps, smoothed.")
    behindMs = serializers.IntegerField(
        allow_null=True, help_text="How much later pictures come now than at best."
    )
    delaySeconds = serializers.FloatField(allow_null=True)
    audience = AudienceSerializer()
    renditions = RenditionsSerializer()
    alerts = AlertSerializer(many=True, help_text="The worst first.")
    history = PointSerializer(many=True, help_text="The last ten minutes, a point every two seconds.")


class StallSerializer(serializers.Serializer):
    secondsAgo = serializers.FloatField(min_value=0, max_value=60, help_text="When the waiting began.")
    seconds = serializers.FloatField(min_value=0, max_value=60, help_text="How long it was.")


class PlaybackSerializer(serializers.Serializer):
    """What one player saw since it last told."""

    stalls = serializers.ListField(child=StallSerializer(), max_length=MOST_STALLS)
    delaySeconds = serializers.FloatField(min_value=0, max_value=7200, allow_null=True, required=False)


class PlaybackAnswerSerializer(serializers.Serializer):
    nextSeconds = serializers.IntegerField(help_text="Tell no sooner again, unless the picture stood still.")


class FindingSerializer(serializers.Serializer):
    topic = serializers.ChoiceField(choices=[str(topic) for topic in Topic])
    grade = serializers.ChoiceField(choices=[str(grade) for grade in Grade])
    figure = serializers.CharField(allow_blank=True)
    alerts = AlertSerializer(many=True)


class VerdictSerializer(serializers.Serializer):
    """Whether the encoder is fit to go live: `hint` is good with room for better; `bad` can't be watched."""

    grade = serializers.ChoiceField(choices=[str(grade) for grade in Grade])
    secondsLeft = serializers.IntegerField(help_text="Until there is a verdict, while measuring.")
    findings = FindingSerializer(many=True)


class RehearsalSerializer(serializers.Serializer):
    """The channel's last private test of its encoder."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=["connecting", "running", "over"])
    beganAt = serializers.DateTimeField(source="began_at")
    endedAt = serializers.DateTimeField(source="ended_at", allow_null=True)
    verdict = serializers.SerializerMethodField()

    @extend_schema_field(VerdictSerializer(allow_null=True))
    def get_verdict(self, rehearsal: Rehearsal) -> dict[str, Any] | None:
        return rehearsal.verdict or None


class ChannelRehearsalSerializer(serializers.Serializer):
    rehearsal = RehearsalSerializer(allow_null=True)
    hlsUrl = serializers.CharField(allow_null=True, help_text="The private picture, while it is running.")
    expiresIn = serializers.IntegerField(help_text="Seconds; ask again before they are over.")
    health = HealthSerializer(allow_null=True)
