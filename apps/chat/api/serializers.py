"""The chat's shapes in the API document."""

from __future__ import annotations

from rest_framework import serializers

from apps.accounts.api.serializers import PersonSerializer
from apps.chat.models import NONCE_MOST
from apps.moderation.api.serializers import RuleSerializer, SanctionSerializer
from apps.moderation.models import PersonNote

LONG = 5000


class AuthorSerializer(serializers.Serializer):
    """Who said it, as the room shows them. A deleted account has an empty id."""

    id = serializers.CharField()
    username = serializers.CharField()
    displayName = serializers.CharField()
    avatarUrl = serializers.CharField()
    color = serializers.CharField()
    verified = serializers.BooleanField()


class BriefSerializer(serializers.Serializer):
    """A person by name."""

    id = serializers.CharField()
    username = serializers.CharField()
    displayName = serializers.CharField()


class ParentSerializer(serializers.Serializer):
    """What a message answers, the first 100 characters of it."""

    id = serializers.CharField()
    user = BriefSerializer()
    content = serializers.CharField()


class MessageSerializer(serializers.Serializer):
    """A message; written by `apps.chat.payloads.message_payload`, the same live and stored."""

    id = serializers.CharField()
    seq = serializers.IntegerField()
    channelId = serializers.CharField()
    streamId = serializers.CharField(allow_null=True)
    kind = serializers.CharField()
    content = serializers.CharField()
    badges = serializers.ListField(child=serializers.CharField())
    replyTo = serializers.CharField(allow_null=True)
    thread = serializers.CharField(allow_null=True)
    parent = ParentSerializer(allow_null=True)
    createdAt = serializers.DateTimeField()
    user = AuthorSerializer()
    deletedAt = serializers.DateTimeField(required=False)
    struck = serializers.BooleanField(
        required=False, help_text="Its author is kept out: moderators alone read the content."
    )


class MessagePageSerializer(serializers.Serializer):
    """One page of a room, oldest first."""

    data = MessageSerializer(many=True)  # type: ignore[assignment]  # the envelope's name, also DRF's property
    hasMore = serializers.BooleanField()


class NewMessageSerializer(serializers.Serializer):
    # The text's own rule, with its own codes, is in apps.chat.content.
    content = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=8192)
    nonce = serializers.CharField(max_length=NONCE_MOST, required=False)
    replyTo = serializers.UUIDField(required=False, allow_null=True)


class SettingsSerializer(serializers.Serializer):
    """How a room is: its modes, its shield, what is pinned. Written by `apps.chat.payloads`."""

    slow = serializers.IntegerField(help_text="Seconds between two messages of a person; 0 is off.")
    followersOnly = serializers.IntegerField(
        allow_null=True, help_text="Minutes of having followed; null is off."
    )
    membersOnly = serializers.BooleanField()
    emotesOnly = serializers.BooleanField()
    unique = serializers.BooleanField()
    shield = serializers.BooleanField()
    pinned = MessageSerializer(allow_null=True)
    pinnedBy = BriefSerializer(allow_null=True)


class ModesSerializer(serializers.Serializer):
    """Modes to change; what is not named stays."""

    slow = serializers.IntegerField(required=False)
    followersOnly = serializers.IntegerField(source="followers_only", required=False, allow_null=True)
    membersOnly = serializers.BooleanField(source="members_only", required=False)
    emotesOnly = serializers.BooleanField(source="emotes_only", required=False)
    unique = serializers.BooleanField(required=False)


class PinSerializer(serializers.Serializer):
    messageId = serializers.UUIDField(source="message_id")


class AnnouncementSerializer(serializers.Serializer):
    content = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=8192)
    nonce = serializers.CharField(max_length=NONCE_MOST, required=False)


class ShieldSerializer(serializers.Serializer):
    on = serializers.BooleanField()


class RemovedSerializer(serializers.Serializer):
    removed = serializers.IntegerField(help_text="How many messages.")


class LineSerializer(serializers.Serializer):
    line = serializers.CharField(max_length=8192)


class SaidSerializer(serializers.Serializer):
    message = serializers.CharField(help_text="What to tell the person.")


class CommandSerializer(serializers.Serializer):
    name = serializers.CharField()
    usage = serializers.CharField()
    help = serializers.CharField()


class CommandsSerializer(serializers.Serializer):
    commands = CommandSerializer(many=True)


class HeldSerializer(serializers.Serializer):
    """A held message; written by `apps.chat.review.held_payload`, the same live and in the queue."""

    id = serializers.CharField()
    channelId = serializers.CharField()
    user = PersonSerializer()
    content = serializers.CharField()
    rule = serializers.CharField()
    match = serializers.ListField(child=serializers.IntegerField(), help_text="From and to, in characters.")
    replyTo = serializers.CharField(allow_null=True)
    createdAt = serializers.DateTimeField()
    state = serializers.CharField()
    answeredBy = PersonSerializer(allow_null=True)
    answeredAt = serializers.DateTimeField(allow_null=True)


class DryRunSerializer(serializers.Serializer):
    rule = RuleSerializer()


class CaughtSerializer(serializers.Serializer):
    message = MessageSerializer()
    match = serializers.ListField(child=serializers.IntegerField(), help_text="From and to, in characters.")


class DryRunResultSerializer(serializers.Serializer):
    """What a rule would have caught of the last 24 hours; `caught` lists the newest 200 of `count`."""

    lookedAt = serializers.IntegerField()
    count = serializers.IntegerField()
    caught = CaughtSerializer(many=True)


class NoteSerializer(serializers.ModelSerializer):
    id = serializers.CharField(read_only=True)
    author = PersonSerializer(read_only=True, allow_null=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = PersonNote
        fields = ["id", "text", "author", "createdAt"]


class NewNoteSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=LONG)


class StandingSerializer(serializers.Serializer):
    """What keeps a person from writing."""

    banned = serializers.BooleanField()
    until = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    warningId = serializers.CharField(source="warning_id", allow_null=True)


class PersonCardSerializer(serializers.Serializer):
    """All that a moderator sees of a person in a channel."""

    user = PersonSerializer()
    role = serializers.CharField(allow_null=True)
    standing = StandingSerializer(allow_null=True)
    history = SanctionSerializer(many=True)
    notes = NoteSerializer(many=True)
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Sanctions by kind.")
    memberSince = serializers.DateTimeField(source="member_since")
    followsSince = serializers.DateTimeField(source="follows_since", allow_null=True)
