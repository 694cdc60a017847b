"""People in the admin."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from apps.core.admin import LookOnly, ReasonForm, Recorded, ask_and_do

from . import services
from .models import Block, User
from .services.staff import EDIT, SUSPEND, VERIFY

POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class SuspensionForm(ReasonForm):
    until = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your own time zone. Empty: until somebody lifts it.",
    )


@admin.register(User)
class PeopleAdmin(Recorded, UserAdmin):
    """Profiles, passwords and addresses are their owners'; what staff do to people are verbs, which ask why.
    Superusers alone give powers: else whoever may edit people could make themselves anybody.
    """

    list_display = (
        "username",
        "display_name",
        "email",
        "is_active",
        "suspended_until",
        "is_staff",
        "is_verified",
        "date_joined",
    )
    list_filter = (
        "is_active",
        ("suspended_at", admin.EmptyFieldListFilter),
        ("deletion_at", admin.EmptyFieldListFilter),
        "is_staff",
        "is_superuser",
        "is_verified",
    )
    search_fields = ("username", "display_name", "email")
    ordering = ("-date_joined",)
    fieldsets = (
        (None, {"fields": ("username", "email")}),
        ("Profile", {"fields": ("display_name", "bio", "links", "avatar", "banner", "color", "is_verified")}),
        (
            "Standing",
            {"fields": ("is_active", "suspended_at", "suspended_until", "suspension_reason", "deletion_at")},
        ),
        ("Preferences", {"fields": ("privacy", "shows_online", "theme", "language", "time_zone")}),
        ("Powers", {"fields": POWERS}),
        ("Dates", {"fields": ("date_joined", "last_login", "onboarded_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
    )
    actions = ("suspend", "reinstate", "verify", "unverify", "clear_profile")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:  # being added
            return ()
        shown = flatten_fieldsets(self.get_fieldsets(request, obj))
        return tuple(name for name in shown if name not in POWERS)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may do something here may look."""
        return (
            super().has_view_permission(request, obj)
            or self.has_suspend_permission(request)
            or self.has_verify_permission(request)
            or self.has_clear_permission(request)
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account is deleted by its owner, in the order that leaves nothing behind."""
        return False

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SUSPEND)

    def has_verify_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(VERIFY)

    def has_clear_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(EDIT)

    @admin.action(description="Suspend…", permissions=["suspend"])
    def suspend(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def deed(person: User, **answers: Any) -> None:
            services.suspend_person(actor=cast(User, request.user), person=person, **answers)

        question = "Suspend: can't sign in, chat or stream. They read why."
        return ask_and_do(
            self, request, rows, action="suspend", question=question, deed=deed, form_class=SuspensionForm
        )

    @admin.action(description="Lift the suspension…", permissions=["suspend"])
    def reinstate(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def deed(person: User, reason: str) -> None:
            services.reinstate_person(actor=cast(User, request.user), person=person, reason=reason)

        return ask_and_do(self, request, rows, action="reinstate", question="Lift the suspension", deed=deed)

    @admin.action(description="Give the check mark…", permissions=["verify"])
    def verify(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        return self._verify(request, rows, "verify", "Give the check mark", True)

    @admin.action(description="Take the check mark…", permissions=["verify"])
    def unverify(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        return self._verify(request, rows, "unverify", "Take the check mark", False)

    def _verify(
        self, request: HttpRequest, rows: QuerySet[User], action: str, question: str, is_verified: bool
    ) -> HttpResponse | None:
        def deed(person: User, reason: str) -> None:
            services.verify_person(
                actor=cast(User, request.user), person=person, is_verified=is_verified, reason=reason
            )

        return ask_and_do(self, request, rows, action=action, question=question, deed=deed)

    @admin.action(description="Clear the profile…", permissions=["clear"])
    def clear_profile(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def deed(person: User, reason: str) -> None:
            services.clear_profile(actor=cast(User, request.user), person=person, reason=reason)

        question = "Clear the profile: display name, bio, links and pictures go. They read why."
        return ask_and_do(self, request, rows, action="clear_profile", question=question, deed=deed)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Nobody does it here: a lost one is reset by a letter, or by `manage.py changepassword`."""
        raise PermissionDenied


@admin.register(Block)
class BlockAdmin(LookOnly):
    """Who blocks whom is theirs to decide: staff may look when something is reported."""

    list_display = ("user", "blocked", "created_at")
    list_select_related = ("user", "blocked")
    search_fields = ("user__username", "blocked__username")
