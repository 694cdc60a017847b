"""Staff's view of channels and categories."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from apps.accounts.models import User
from apps.core.admin import LookOnly, Recorded, ask_and_do
from apps.core.forms import StaffPictureField

from . import services
from .models import Category, Channel, ChannelRole, RoleInvitation
from .services import staff

# Of the icons in the sprite, those that a category may have.
CATEGORY_ICONS = (
    "brush",
    "briefcase",
    "camera",
    "chart-line",
    "clapperboard",
    "code",
    "crosshair",
    "disc-3",
    "drama",
    "drum",
    "dumbbell",
    "flask-conical",
    "gamepad-2",
    "graduation-cap",
    "guitar",
    "hammer",
    "languages",
    "messages-square",
    "mic",
    "mountain",
    "music",
    "palette",
    "rocket",
    "shapes",
    "sparkles",
    "swords",
    "timer",
    "trophy",
    "tv",
    "utensils",
)


class CategoryForm(forms.ModelForm):
    icon = forms.ChoiceField(
        choices=[("", "The parent's"), *((name, name) for name in CATEGORY_ICONS)], required=False
    )
    cover = StaffPictureField(width=960, height=720)

    def clean_parent(self) -> Category | None:
        """The tree has two levels: lists of a category look no further down."""
        parent = self.cleaned_data["parent"]
        if parent is None:
            return None
        if parent.parent_id is not None or parent.pk == self.instance.pk:
            raise forms.ValidationError("Choose a category that stands below no other.")
        if self.instance.pk and self.instance.children.exists():
            raise forms.ValidationError("Other categories stand below this one. Move them first.")
        return parent


@admin.register(Category)
class CategoryAdmin(Recorded):
    form = CategoryForm
    list_display = ["name", "slug", "parent", "position", "icon"]
    list_select_related = ["parent"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Channel)
class ChannelAdmin(LookOnly):
    """What staff do to a channel are verbs, which ask why; all else is its owner's."""

    list_display = [
        "name", "slug", "owner", "is_live", "is_verified", "follower_count", "suspended_at", "created_at",
    ]  # fmt: skip
    list_select_related = ["owner"]
    list_filter = [
        "is_live", "is_verified", "visibility", ("suspended_at", admin.EmptyFieldListFilter), "is_mature",
    ]  # fmt: skip
    search_fields = ["name", "slug", "owner__username"]
    fieldsets = (
        (None, {"fields": ("name", "slug", "owner", "description", "category", "tags", "visibility")}),
        ("Standing", {"fields": ("is_live", "is_verified", "is_mature", "suspended_at", "suspension_reason",
                                 "suspended_with_owner")}),
        ("Numbers", {"fields": ("follower_count", "created_at")}),
    )  # fmt: skip
    actions = ["suspend", "reinstate", "verify", "unverify"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may do something here may look."""
        return (
            super().has_view_permission(request, obj)
            or self.has_suspend_permission(request)
            or self.has_verify_permission(request)
        )

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(staff.SUSPEND)

    def has_verify_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(staff.VERIFY)

    @admin.action(description="Suspend…", permissions=["suspend"])
    def suspend(self, request: HttpRequest, rows: QuerySet[Channel]) -> HttpResponse | None:
        def deed(channel: Channel, reason: str) -> None:
            services.suspend_channel(actor=cast(User, request.user), channel=channel, reason=reason)

        question = "Suspend: out of all lists, and what is live ends. Its owner reads why."
        return ask_and_do(self, request, rows, action="suspend", question=question, deed=deed)

    @admin.action(description="Lift the suspension…", permissions=["suspend"])
    def reinstate(self, request: HttpRequest, rows: QuerySet[Channel]) -> HttpResponse | None:
        def deed(channel: Channel, reason: str) -> None:
            services.reinstate_channel(actor=cast(User, request.user), channel=channel, reason=reason)

        return ask_and_do(self, request, rows, action="reinstate", question="Lift the suspension", deed=deed)

    @admin.action(description="Give the check mark…", permissions=["verify"])
    def verify(self, request: HttpRequest, rows: QuerySet[Channel]) -> HttpResponse | None:
        return self._verify(request, rows, "verify", "Give the check mark", True)

    @admin.action(description="Take the check mark…", permissions=["verify"])
    def unverify(self, request: HttpRequest, rows: QuerySet[Channel]) -> HttpResponse | None:
        return self._verify(request, rows, "unverify", "Take the check mark", False)

    def _verify(
        self, request: HttpRequest, rows: QuerySet[Channel], action: str, question: str, is_verified: bool
    ) -> HttpResponse | None:
        def deed(channel: Channel, reason: str) -> None:
            services.verify_channel(
                actor=cast(User, request.user), channel=channel, is_verified=is_verified, reason=reason
            )

        return ask_and_do(self, request, rows, action=action, question=question, deed=deed)


@admin.register(ChannelRole)
class ChannelRoleAdmin(LookOnly):
    list_display = ["channel", "user", "role", "created_at"]
    list_select_related = ["channel", "user"]
    list_filter = ["role"]
    search_fields = ["channel__slug", "user__username"]


@admin.register(RoleInvitation)
class RoleInvitationAdmin(LookOnly):
    list_display = ["channel", "user", "role", "state", "invited_by", "created_at", "answered_at"]
    list_select_related = ["channel", "user", "invited_by"]
    list_filter = ["state", "role"]
    search_fields = ["channel__slug", "user__username"]
