"""People."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self, TypeAlias

from django.contrib.auth.models import AbstractUser, AnonymousUser, UserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Upper
from django.urls import reverse
from django.utils import timezone

from apps.core.ids import uuid7

from . import names

REASON_MOST = 300


class PeopleManager(UserManager["User"]):
    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> User:
        """The person of that name, whatever the casing; raises User.DoesNotExist."""
        return self.get(username__iexact=username)


class User(AbstractUser):
    """A person with an account. `username` addresses them, `display_name` is what others read.

    Username and email are unique whatever their casing.
    """

    class Theme(models.TextChoices):
        SYSTEM = "system", "Same as my device"
        DARK = "dark", "Dark"
        LIGHT = "light", "Light"

    class Privacy(models.TextChoices):
        PUBLIC = "public", "Everybody"
        FRIENDS = "friends", "Friends: people who follow you and whom you follow"
        PRIVATE = "private", "Nobody but you"

    # AbstractUser brings these; people here have one display name instead.
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(
        max_length=names.USERNAME_MOST,
        unique=True,
        validators=names.USERNAME_VALIDATORS,
        help_text="3 to 25 letters, digits or underscores.",
        error_messages={"unique": "This username is already taken."},
    )
    display_name = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    bio = models.CharField(max_length=300, blank=True)
    links = models.JSONField(default=dict, blank=True)
    avatar = models.ImageField(upload_to="avatars", blank=True)
    banner = models.ImageField(upload_to="banners", blank=True)
    color = models.CharField(
        max_length=7,
        default=names.random_color,
        validators=[RegexValidator(r"\A#[0-9a-f]{6}\Z", "Use a colour like #4670e0.")],
    )
    is_verified = models.BooleanField(default=False, help_text="Shows the check mark beside the name.")
    theme = models.CharField(max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    privacy = models.CharField(max_length=7, choices=Privacy.choices, default=Privacy.PUBLIC)
    shows_online = models.BooleanField(default=True)
    follower_count = models.PositiveIntegerField(default=0)
    following_count = models.PositiveIntegerField(default=0)
    onboarded_at = models.DateTimeField(null=True, blank=True)
    must_verify = models.BooleanField(
        default=False,
        help_text="Their sign-up looked like a machine's: they confirm an address before they write or open "
        "a channel.",
    )
    # Why the account is shut, which `is_active` says (services in `access`): staff have suspended it, with or
    # without an end; or its owner wants it gone, which it is at `deletion_at`.
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_until = models.DateTimeField(null=True, blank=True)
    suspension_reason = models.CharField(max_length=REASON_MOST, blank=True)
    deletion_at = models.DateTimeField(null=True, blank=True)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]
    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta:
        verbose_name_plural = "users"
        permissions = [
            ("suspend_user", "Can suspend people, and lift it"),
            ("verify_user", "Can give and take the check mark of people"),
        ]
        indexes = [
            # The few that a sweeper looks for.
            models.Index(
                fields=["suspended_until"],
                condition=models.Q(suspended_until__isnull=False),
                name="accounts_suspended_until",
            ),
            models.Index(
                fields=["deletion_at"],
                condition=models.Q(deletion_at__isnull=False),
                name="accounts_deletion_at",
            ),
        ]
        constraints = [
            # Upper, not Lower: it is what `iexact` compares by on PostgreSQL, so look-ups use these indexes.
            models.UniqueConstraint(
                Upper("username"),
                name="accounts_username_any_case",
                violation_error_message="This username is already taken.",
            ),
            # Addresses are compared as they are stored, so they are stored in one spelling.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="accounts_email_lower"),
            models.UniqueConstraint(
                fields=["email"],
                name="accounts_email_unique",
                condition=~models.Q(email=""),
                violation_error_message="This email address already has an account.",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def name(self) -> str:
        """What others read: the display name, or the username while there is none."""
        return self.display_name or self.username

    @property
    def avatar_url(self) -> str:
        """Where the avatar is served, "" when the person has none."""
        return self.avatar.url if self.avatar else ""

    @property
    def banner_url(self) -> str:
        return self.banner.url if self.banner else ""

    @property
    def is_onboarded(self) -> bool:
        return self.onboarded_at is not None

    def get_absolute_url(self) -> str:
        return reverse("people:profile", args=[self.username])

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)


# Who does something: a person, or somebody who is not signed in and whom the verb may refuse.
Actor: TypeAlias = User | AnonymousUser


class BlockQuerySet(models.QuerySet["Block"]):
    def made_by(self, user: User) -> Self:
        """The blocks of this person with whom they block, newest first."""
        return self.filter(user=user).select_related("blocked").order_by("-id")

    def stands(self, *, by: uuid.UUID, on: uuid.UUID) -> bool:
        """Whether `by` blocks `on`."""
        return self.filter(user_id=by, blocked_id=on).exists()

    def people(self, user_id: uuid.UUID) -> set[uuid.UUID]:
        """The ids of those whom this person blocks."""
        return set(self.filter(user_id=user_id).values_list("blocked_id", flat=True))


class Block(models.Model):
    """`user` wants nothing to do with `blocked`: no messages, no mentions, no follows from them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(User, on_delete=models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BlockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "blocked"], name="accounts_block_once"),
            models.CheckConstraint(
                condition=~models.Q(user=models.F("blocked")), name="accounts_block_somebody_else"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} blocks {self.blocked_id}"


class PersonFollowQuerySet(models.QuerySet["PersonFollow"]):
    def touching(self, person: User) -> Self:
        """Those that a person made, and those made of them."""
        return self.filter(models.Q(follower=person) | models.Q(followed=person))


class PersonFollow(models.Model):
    """`follower` follows `followed`. Two who follow each other are friends."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The indexes below begin with these two.
    follower = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="person_follows", db_index=False
    )
    followed = models.ForeignKey(User, on_delete=models.CASCADE, related_name="followed_by", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PersonFollowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followed"], name="accounts_person_follow_once"),
            models.CheckConstraint(
                condition=~models.Q(follower=models.F("followed")), name="accounts_follow_somebody_else"
            ),
        ]
        indexes = [
            # The newest first, on either side.
            models.Index(fields=["followed", "-id"], name="accounts_followers"),
            models.Index(fields=["follower", "-id"], name="accounts_following"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followed_id}"


class RetiredName(models.Model):
    """The username of somebody who has left: nobody can take it `until` then. Only a keyed hash is kept."""

    key = models.CharField(max_length=64, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def under_way(self) -> Self:
        return self.filter(state__in=[DataExport.State.WAITING, DataExport.State.WORKING])

    def ready(self) -> Self:
        """Those whose file can be fetched."""
        return self.filter(state=DataExport.State.READY, expires_at__gt=timezone.now())


class DataExport(models.Model):
    """Somebody asked for all that the site keeps of them. A worker makes the file while its lease lasts; one
    that does not renew it has died, and another begins anew."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for its turn"
        WORKING = "working", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="data_exports")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(auto_now_add=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(state__in=["waiting", "working"]),
                name="accounts_one_export_under_way",
            )
        ]

    def __str__(self) -> str:
        return f"Data of {self.user_id} ({self.state})"

    @property
    def file_name(self) -> str:
        """Its file in the storage `exports`; the same however often it is begun anew."""
        return f"{self.user_id.hex}/{self.pk.hex}.zip"

    @property
    def is_ready(self) -> bool:
        has_ended = self.expires_at is None or self.expires_at <= timezone.now()
        return self.state == self.State.READY and not has_ended

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.WORKING)
