"""A creator's place: categories, channels, who follows them and who helps there."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from apps.accounts.models import REASON_MOST
from apps.channels.roles import DUTIES, Role
from apps.core.errors import NotFound
from apps.core.ids import uuid7
from apps.core.links import Link, shown

if TYPE_CHECKING:
    from apps.accounts.models import Actor


class Category(models.Model):
    """What a broadcast is about; children refine their parent (gaming → strategy)."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    position = models.PositiveSmallIntegerField(default=0)
    # Of the sprite (static/img/icons.svg); empty: the parent's.
    icon = models.CharField(max_length=40, blank=True)
    cover = models.ImageField(upload_to="categories/", blank=True)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class ChannelQuerySet(models.QuerySet["Channel"]):
    def standing(self) -> Self:
        """Channels that staff have not suspended."""
        return self.filter(suspended_at__isnull=True)

    def listed(self) -> Self:
        """Channels that may appear on home, in lists and in search."""
        return self.standing().filter(visibility=Channel.Visibility.PUBLIC)

    def reachable_by(self, viewer: Actor) -> Self:
        """Channels whose page this person may open: an unlisted one is open to who knows its address."""
        if viewer.is_authenticated and viewer.is_staff:
            return self
        if viewer.is_authenticated:
            return self.filter(Q(suspended_at__isnull=True) | Q(owner=viewer))
        return self.standing()

    def hold(self, channel_id: uuid.UUID) -> Channel:
        """The channel as it is now, its row held until the transaction ends; NotFound when it is gone."""
        # Not the key: rows that point here, such as a message, need not wait.
        held = self.select_for_update(no_key=True).filter(pk=channel_id).first()
        if held is None:
            raise NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")
        return held


class Channel(models.Model):
    class Visibility(models.TextChoices):
        PUBLIC = "public", "Public"
        UNLISTED = "unlisted", "Unlisted: only who has the link finds it"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="channels")
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    name_key = models.CharField(max_length=60, unique=True, editable=False)
    description = models.TextField(max_length=2000, blank=True)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT)
    tags = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=8, default="en")
    avatar = models.ImageField(upload_to="avatars/", blank=True)
    banner = models.ImageField(upload_to="banners/", blank=True)
    # Both of them in the shape that other sites show beside a link.
    card = models.ImageField(upload_to="cards/", blank=True)
    links = models.JSONField(default=dict, blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    is_mature = models.BooleanField(default=False)
    is_verified = models.BooleanField(default=False)
    # Written by streams in the transaction that moves the broadcast, so that lists need no second table.
    is_live = models.BooleanField(default=False)
    # Whether everybody may read who follows; how many is known to all.
    shows_followers = models.BooleanField(default=True)
    follower_count = models.PositiveIntegerField(default=0)
    # What an encoder that publishes without "go live" opens its broadcast with.
    next_title = models.CharField(max_length=140, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspension_reason = models.CharField(max_length=REASON_MOST, blank=True)
    # Not for what the channel did: its owner's account is shut, and it returns with that.
    suspended_with_owner = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        # Ids count up with time, and have an index.
        ordering = ["-id"]
        permissions = [
            ("suspend_channel", "Can suspend channels, and lift it"),
            ("verify_channel", "Can give and take the check mark of channels"),
        ]
        indexes = [
            # Lists of what is on air begin here, so that they never look at the channels that are not.
            models.Index(fields=["id"], condition=Q(is_live=True), name="channels_on_air"),
            models.Index(
                fields=["-follower_count", "-id"],
                condition=Q(visibility="public", suspended_at__isnull=True, is_mature=False),
                name="channels_most_followed",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("channels:page", args=[self.slug])

    @property
    def avatar_url(self) -> str:
        """The channel's picture, or "" (pages then draw its initial)."""
        return self.avatar.url if self.avatar else ""

    @property
    def shown_links(self) -> list[Link]:
        return list(shown(self.links))

    @property
    def card_url(self) -> str:
        """The picture beside links to it; "" where an audience is asked first, and without any picture."""
        return self.card.url if self.card and not self.is_mature else ""

    @property
    def banner_url(self) -> str:
        return self.banner.url if self.banner else ""


class SlugHistory(models.Model):
    """An address that a channel once had; links to it lead to the channel."""

    slug = models.CharField(max_length=40, primary_key=True)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="old_slugs")
    changed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug


class ChannelTag(models.Model):
    """A tag of a channel (`Channel.tags`) as a row, by which tags that begin alike are found."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=25, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "name"], name="channels_tag_once")]

    def __str__(self) -> str:
        return self.name


class Follow(models.Model):
    class Bell(models.TextChoices):
        """Of what its follower hears by letter."""

        ALL = "all", "Everything: going live, and a reminder before what is planned"
        LIVE = "live", "Going live only"
        OFF = "off", "Nothing"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="follows")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows")
    bell = models.CharField(max_length=4, choices=Bell, default=Bell.LIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "user"], name="channels_follow_once")]
        # The newest first; and page after page, for who writes to all of them.
        indexes = [models.Index(fields=["channel", "-id"], name="channels_followers")]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.channel_id}"


HELPERS = [(role.value, role.label) for role in Role if role is not Role.OWNER]


class ChannelRole(models.Model):
    """A helper's role in a channel; the owner is on the channel itself."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="roles")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="channel_roles")
    role = models.CharField(max_length=10, choices=HELPERS)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "user"], name="channels_one_role_each")]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.channel_id}"


class RoleInvitationQuerySet(models.QuerySet["RoleInvitation"]):
    def open(self) -> Self:
        """Invitations that nobody has answered or withdrawn."""
        return self.filter(state=RoleInvitation.State.OPEN)

    def with_names(self) -> Self:
        """With the rows that pages and the API name."""
        return self.select_related("channel", "user", "invited_by")

    def reachable_by(self, viewer: Actor) -> Self:
        """Invitations to channels whose page this person may open."""
        return self.filter(channel__in=Channel.objects.reachable_by(viewer))

    def addressed_to(self, user: Actor) -> Self:
        """The open invitations that this person can answer, newest first."""
        return self.open().with_names().reachable_by(user).filter(user_id=user.pk).order_by("-id")


class RoleInvitation(models.Model):
    """Somebody is asked to help in a channel; the role is theirs once they have accepted."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="role_invitations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="role_invitations"
    )
    role = models.CharField(max_length=10, choices=HELPERS)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = RoleInvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "user"], condition=Q(state="open"), name="channels_one_open_invitation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} may become {self.role} of {self.channel_id} ({self.state})"

    @property
    def duty(self) -> str:
        """What the invited person is asked to do."""
        return DUTIES[Role(self.role)]


def topic(kind: str, channel_id: uuid.UUID) -> str:
    """The realtime topic of a channel: `room` (everyone) or `dashboard` (its crew)."""
    return f"{kind}.{channel_id.hex}"
