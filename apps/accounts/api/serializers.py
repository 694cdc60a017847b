"""People as the API shows and takes them (spec: Bodies on the main path)."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.models import Block, DataExport, User

# Bounds that only keep nonsense away from the verbs; the rules themselves are theirs.
LONG = 1000


class PersonSerializer(serializers.ModelSerializer):
    """A person as others see them."""

    id = serializers.CharField(read_only=True)
    displayName = serializers.CharField(source="name", read_only=True)
    avatarUrl = serializers.CharField(source="avatar_url", read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "displayName", "avatarUrl"]


class MeSerializer(PersonSerializer):
    """A person as they see themselves."""

    emailVerified = serializers.SerializerMethodField()
    bannerUrl = serializers.CharField(source="banner_url", read_only=True)
    links = serializers.DictField(child=serializers.CharField(), read_only=True)
    timeZone = serializers.CharField(source="time_zone", read_only=True)
    showsOnline = serializers.BooleanField(source="shows_online", read_only=True)
    followerCount = serializers.IntegerField(source="follower_count", read_only=True)
    followingCount = serializers.IntegerField(source="following_count", read_only=True)
    isVerified = serializers.BooleanField(source="is_verified", read_only=True)
    isOnboarded = serializers.BooleanField(source="is_onboarded", read_only=True)
    twoFactor = serializers.SerializerMethodField()
    createdAt = serializers.DateTimeField(source="date_joined", read_only=True)

    class Meta(PersonSerializer.Meta):
        fields = [
            *PersonSerializer.Meta.fields,
            "email",
            "emailVerified",
            "bannerUrl",
            "bio",
            "links",
            "color",
            "privacy",
            "showsOnline",
            "theme",
            "language",
            "timeZone",
            "followerCount",
            "followingCount",
            "isVerified",
            "isOnboarded",
            "twoFactor",
            "createdAt",
        ]
        read_only_fields = fields

    @extend_schema_field(bool)
    def get_emailVerified(self, user: User) -> bool:
        return EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()

    @extend_schema_field(bool)
    def get_twoFactor(self, user: User) -> bool:
        return bool(get_mfa_adapter().is_mfa_enabled(user))


class RegistrationSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=LONG, trim_whitespace=False)
    email = serializers.CharField(max_length=LONG)
    password = serializers.CharField(max_length=LONG, trim_whitespace=False)


class CredentialsSerializer(serializers.Serializer):
    """`login` is a username or an email address, `code` that of the authenticator app or a recovery code;
    `keepAccount` opens an account again that waits to be deleted."""

    login = serializers.CharField(max_length=LONG)
    password = serializers.CharField(max_length=LONG, trim_whitespace=False)
    code = serializers.CharField(max_length=100, required=False, allow_blank=True)
    keepAccount = serializers.BooleanField(required=False, default=False)


class ProofSerializer(serializers.Serializer):
    """One of the two: the password, or a code of the authenticator app or a recovery code."""

    password = serializers.CharField(max_length=LONG, required=False, trim_whitespace=False)
    code = serializers.CharField(max_length=100, required=False)


class RefreshSerializer(serializers.Serializer):
    refreshToken = serializers.CharField(max_length=5000)


class TokensSerializer(serializers.Serializer):
    accessToken = serializers.CharField()
    refreshToken = serializers.CharField()


class SignedInSerializer(TokensSerializer):
    user = PersonSerializer()


class VerificationPendingSerializer(serializers.Serializer):
    """The account waits for its address to be verified; a letter with the link is on its way."""

    verificationRequired = serializers.BooleanField()


class TicketSerializer(serializers.Serializer):
    ticket = serializers.CharField()


class IntroductionSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=LONG, required=False, trim_whitespace=False)
    displayName = serializers.CharField(source="display_name", max_length=LONG)
    bio = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    avatar = serializers.FileField(required=False)
    language = serializers.CharField(max_length=20, required=False, allow_blank=True)
    timeZone = serializers.CharField(source="time_zone", max_length=100, required=False, allow_blank=True)


class ProfileChangesSerializer(serializers.Serializer):
    """What is left out stays; `avatar` and `banner` (multipart) are pictures, null takes one away."""

    displayName = serializers.CharField(source="display_name", max_length=LONG, required=False)
    bio = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    links = serializers.DictField(
        child=serializers.CharField(max_length=LONG, allow_blank=True, allow_null=True), required=False
    )
    color = serializers.CharField(max_length=20, required=False)
    theme = serializers.CharField(max_length=20, required=False)
    language = serializers.CharField(max_length=20, required=False)
    timeZone = serializers.CharField(source="time_zone", max_length=100, required=False)
    privacy = serializers.CharField(max_length=20, required=False)
    showsOnline = serializers.BooleanField(source="shows_online", required=False)
    avatar = serializers.FileField(required=False, allow_null=True)
    banner = serializers.FileField(required=False, allow_null=True)


class BlockStateSerializer(serializers.Serializer):
    isBlocked = serializers.BooleanField()


class BlockSerializer(serializers.ModelSerializer):
    user = PersonSerializer(source="blocked", read_only=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Block
        fields = ["user", "createdAt"]


class ProfileSerializer(serializers.Serializer):
    """A `Profile`: a person as the caller sees them. With `isOpen` false there is no more than the name, and
    numbers are null; `isOnline` is null for all but followers."""

    id = serializers.CharField(source="person.pk")
    username = serializers.CharField(source="person.username")
    displayName = serializers.CharField(source="person.name")
    avatarUrl = serializers.CharField(source="person.avatar_url")
    bannerUrl = serializers.CharField(source="banner_url")
    bio = serializers.CharField()
    links = serializers.DictField(child=serializers.CharField())
    isVerified = serializers.BooleanField(source="person.is_verified")
    isOpen = serializers.BooleanField(source="is_open")
    isOnline = serializers.BooleanField(source="is_online", allow_null=True)
    isFollowing = serializers.BooleanField(source="is_following")
    followsYou = serializers.BooleanField(source="follows_viewer")
    isFriend = serializers.BooleanField(source="is_friend")
    isBlocked = serializers.BooleanField(source="is_blocked")
    followerCount = serializers.IntegerField(source="follower_count", allow_null=True)
    followingCount = serializers.IntegerField(source="following_count", allow_null=True)
    createdAt = serializers.DateTimeField(source="person.date_joined")


class PersonStatsSerializer(serializers.Serializer):
    followerCount = serializers.IntegerField(source="person.follower_count")
    followingCount = serializers.IntegerField(source="person.following_count")
    createdAt = serializers.DateTimeField(source="person.date_joined")


class PersonRelationSerializer(serializers.Serializer):
    isFollowing = serializers.BooleanField(source="is_following")
    followsYou = serializers.BooleanField(source="follows_viewer")
    isFriend = serializers.BooleanField(source="is_friend")


class PersonFollowStateSerializer(serializers.Serializer):
    isFollowing = serializers.BooleanField(source="is_following")
    followerCount = serializers.IntegerField(source="follower_count", allow_null=True)


class PictureSerializer(serializers.Serializer):
    """A picture, and which part of it is wanted: left upper corner and sides as fractions of the upright
    picture. Without these four the middle is taken."""

    file = serializers.FileField()
    x = serializers.FloatField(required=False)
    y = serializers.FloatField(required=False)
    width = serializers.FloatField(required=False)
    height = serializers.FloatField(required=False)


class PictureUrlSerializer(serializers.Serializer):
    url = serializers.CharField()


class ClosingSerializer(serializers.Serializer):
    """`confirmation` is the caller's username."""

    confirmation = serializers.CharField(max_length=LONG)


class AccountClosingSerializer(serializers.Serializer):
    deletionAt = serializers.DateTimeField(source="deletion_at")


class DataExportSerializer(serializers.ModelSerializer):
    id = serializers.CharField(read_only=True)
    askedAt = serializers.DateTimeField(source="asked_at", read_only=True)
    readyAt = serializers.DateTimeField(source="ready_at", read_only=True, allow_null=True)
    expiresAt = serializers.DateTimeField(source="expires_at", read_only=True, allow_null=True)
    sizeBytes = serializers.IntegerField(source="size_bytes", read_only=True)

    class Meta:
        model = DataExport
        fields = ["id", "state", "askedAt", "readyAt", "expiresAt", "sizeBytes"]
        read_only_fields = fields
