"""How staff work in the admin: rows that only verbs change, verbs that ask why, edits that are logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from . import audit
from .errors import DomainError
from .files import file_fields, let_go
from .forms import NEEDED

AT_ONCE = 100


class ReasonForm(forms.Form):
    """What staff are asked before a deed."""

    reason = forms.CharField(
        max_length=300,
        error_messages=NEEDED,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Goes into the log, and to the person whom it concerns.",
    )


def ask_and_do(
    page: admin.ModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    action: str,
    question: str,
    deed: Callable[..., object],
    form_class: type[forms.Form] = ReasonForm,
) -> HttpResponse | None:
    """The body of an admin action: a page that asks what `form_class` asks, then `deed(row, **answers)` for
    each row by itself; one that is refused keeps no other from it. None leads back to the list."""
    chosen = list(rows[: AT_ONCE + 1])
    if len(chosen) > AT_ONCE:
        page.message_user(request, f"Choose at most {AT_ONCE} at once.", messages.ERROR)
        return None
    form = form_class(request.POST if "confirmed" in request.POST else None)
    if not form.is_valid():
        context = {
            **page.admin_site.each_context(request),
            "title": question,
            "opts": page.opts,
            "rows": chosen,
            "form": form,
            "action": action,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/ask_and_do.html", context)
    done = 0
    for row in chosen:
        try:
            deed(row, **form.cleaned_data)
        except DomainError as refusal:
            page.message_user(request, f"{row}: {refusal.message}", messages.ERROR)
        else:
            done += 1
    if done:
        page.message_user(request, f"Done: {done}.", messages.SUCCESS)
    return None


class WithDeeds(admin.ModelAdmin):
    """The actions of the list, on the page of a single row as well."""

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        deeds = [(name, action[2]) for name, action in self.get_actions(request).items() if action]
        return super().render_change_form(request, {**context, "deeds": deeds}, *args, **options)


class LookOnly(WithDeeds):
    """Rows that only their verbs change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Recorded(WithDeeds):
    """Rows that staff edit in forms. The audit log knows of each edit; Django's own log is a convenience that
    anybody with its table can change. A picture that was replaced, and those of a row that is deleted, go."""

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm, change: bool) -> None:
        if change:
            before = type(obj)._base_manager.get(pk=obj.pk)
            let_go(before, *(name for name in file_fields(obj) if name in form.changed_data))
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        let_go(obj, *file_fields(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for row in queryset:
                let_go(row, *file_fields(row))
            super().delete_queryset(request, queryset)

    def log_addition(self, request: HttpRequest, object: Model, message: Any) -> Any:
        _record(request, object, "added", message)
        return super().log_addition(request, object, message)

    def log_change(self, request: HttpRequest, object: Model, message: Any) -> Any:
        _record(request, object, "changed", message)
        return super().log_change(request, object, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for row in queryset:
            _record(request, row, "deleted", "")
        return super().log_deletions(request, queryset)


def _record(request: HttpRequest, row: Model, what: str, message: Any) -> None:
    audit.record(
        actor=request.user, action=f"{row._meta.model_name}.{what}", subject=row, edits=message or []
    )
