"""What accounts keep of a person, as tables of their archive. Nothing in it opens a door."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db.models.fields.files import FieldFile

from apps.core.models import AuditEntry

from .archive import Part, Row, rows_of
from .models import Block, PersonFollow, User

PROFILE = (
    "id", "username", "display_name", "email", "bio", "links", "color", "is_verified", "theme", "language",
    "time_zone", "privacy", "shows_online", "follower_count", "following_count", "date_joined",
    "onboarded_at", "last_login", "must_verify", "is_active", "is_staff", "is_superuser", "suspended_at",
    "suspended_until", "suspension_reason", "deletion_at",
)  # fmt: skip


def pictures(user: User) -> Iterator[tuple[str, FieldFile]]:
    yield "avatar.webp", user.avatar
    yield "banner.webp", user.banner


def _profile(user: User) -> Iterator[Row]:
    return rows_of(User.objects.filter(pk=user.pk), *PROFILE)


def _addresses(user: User) -> Iterator[Row]:
    return rows_of(EmailAddress.objects.filter(user=user).order_by("pk"), "email", "verified", "primary")


def _providers(user: User) -> Iterator[Row]:
    accounts = SocialAccount.objects.filter(user=user).order_by("pk")
    return rows_of(accounts, "provider", "uid", "date_joined", "last_login")


def _factors(user: User) -> Iterator[Row]:
    return rows_of(
        Authenticator.objects.filter(user=user).order_by("pk"), "type", "created_at", "last_used_at"
    )


def _sessions(user: User) -> Iterator[Row]:
    sessions = UserSession.objects.filter(user=user).order_by("pk")
    return rows_of(sessions, "created_at", "last_seen_at", "ip", "user_agent")


def _followed(user: User) -> Iterator[Row]:
    followed = PersonFollow.objects.filter(follower=user).order_by("id")
    return rows_of(followed, person="followed__username", since="created_at")


def _followers(user: User) -> Iterator[Row]:
    followers = PersonFollow.objects.filter(followed=user).order_by("id")
    return rows_of(followers, person="follower__username", since="created_at")


def _blocks(user: User) -> Iterator[Row]:
    return rows_of(Block.objects.made_by(user), person="blocked__username", since="created_at")


def _acts(user: User) -> Iterator[Row]:
    acts = AuditEntry.objects.filter(actor_id=user.pk).order_by("-id")
    return rows_of(acts, "created_at", "action", "subject_type", "subject_id", "channel_id", "details")


def _staff_acts(user: User) -> Iterator[Row]:
    """Not of channels' moderators, whose notes and reasons are in their own tables as far as one may read
    them; nor why a sign-up looked like a machine's, which would teach machines."""
    acts = AuditEntry.objects.filter(
        subject_type=User._meta.label_lower, subject_id=str(user.pk), action__startswith="person.",
        channel_id=None,
    )  # fmt: skip
    return rows_of(acts.order_by("-id"), "created_at", "action", "details")


PARTS = (
    Part("profile", "Your profile and settings", _profile),
    Part("email_addresses", "Your email addresses", _addresses),
    Part("connected_accounts", "Accounts elsewhere that sign you in", _providers),
    Part("second_factors", "Your second factors", _factors),
    Part("sessions", "Where you are signed in", _sessions),
    Part("people_you_follow", "People whom you follow", _followed),
    Part("your_followers", "People who follow you", _followers),
    Part("blocks", "People whom you block", _blocks),
    Part("staff_acts", "What staff did to your account", _staff_acts),
)
ACTS = Part("log", "What you did, as the log has it", _acts)
