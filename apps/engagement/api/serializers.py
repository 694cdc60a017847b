"""Raids as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.channels.api.serializers import ChannelBriefSerializer
from apps.engagement.models import Raid, RaidSettings
from apps.engagement.services import SECONDS_LEAST, SECONDS_MOST


class RaidedSerializer(serializers.Serializer):
    id = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    avatarUrl = serializers.CharField(allow_blank=True)
    isMature = serializers.BooleanField()


class RaidSerializer(serializers.Serializer):
    """Written by `apps.engagement.payloads`."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=Raid.State.values)
    source: Any = RaidedSerializer()
    target = RaidedSerializer()
    url = serializers.CharField(help_text="The page to which the viewers go.")
    viewers = serializers.IntegerField(allow_null=True, help_text="How many went, counted by the server.")
    dueAt = serializers.DateTimeField()


class RaidStateSerializer(serializers.Serializer):
    raid = RaidSerializer(allow_null=True)


class NewRaidSerializer(serializers.Serializer):
    target = serializers.CharField(max_length=100, help_text="The channel's address or id.")
    seconds = serializers.IntegerField(
        required=False,
        help_text=f"Of the countdown: {SECONDS_LEAST} to {SECONDS_MOST}, {SECONDS_LEAST} by default.",
    )


class RaidSettingsSerializer(serializers.Serializer):
    accepts = serializers.ChoiceField(
        choices=RaidSettings.Accepts.values,
        help_text="known: channels that the owner follows or owns, and those of the team",
    )


class NewRaidBlockSerializer(serializers.Serializer):
    channel = serializers.CharField(max_length=100, help_text="The channel's address or id.")


class RaidBlockSerializer(serializers.Serializer):
    channel = ChannelBriefSerializer(source="blocked")
    createdAt = serializers.DateTimeField(source="created_at")
