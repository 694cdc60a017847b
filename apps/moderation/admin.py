"""Staff's view of moderation. What is changed is changed by its verb, which writes the audit log."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from apps.accounts.models import User
from apps.core.admin import LookOnly
from apps.core.errors import DomainError

from . import services
from .models import WORDS_MOST, AutomodRule, PersonNote, Report, Sanction, UnbanRequest


@admin.register(Sanction)
class SanctionAdmin(LookOnly):
    list_display = ["created_at", "kind", "user", "channel", "created_by", "expires_at", "lifted_at"]
    list_select_related = ["user", "channel", "created_by"]
    list_filter = ["kind"]
    search_fields = ["user__username", "channel__slug", "reason"]


@admin.register(UnbanRequest)
class UnbanRequestAdmin(LookOnly):
    list_display = ["created_at", "sanction", "state", "answered_by"]
    list_select_related = ["sanction", "answered_by"]
    list_filter = ["state"]


@admin.register(PersonNote)
class PersonNoteAdmin(LookOnly):
    list_display = ["created_at", "user", "channel", "author", "deleted_at"]
    list_select_related = ["user", "channel", "author"]
    search_fields = ["user__username", "channel__slug"]


class AnswerForm(ActionForm):
    words = forms.CharField(label="Note", required=False, max_length=WORDS_MOST)


@admin.register(Report)
class ReportAdmin(LookOnly):
    """Reports about channels are settled here, those about messages and persons by the moderators."""

    list_display = ["created_at", "kind", "channel", "subject_user", "reason", "words", "state"]
    list_select_related = ["channel", "subject_user"]
    list_filter = ["state", "kind", "reason"]
    search_fields = ["channel__slug", "subject_user__username", "subject_id"]
    exclude = ["context"]
    readonly_fields = ["told"]
    action_form = AnswerForm
    actions = ["uphold", "dismiss"]

    @admin.display(description="as it was then")
    def told(self, report: Report) -> str:
        return format_html_join("", "<p><b>{}</b> {}</p>", map(_said, report.context)) or "Nothing was kept."

    @admin.action(description="Uphold reports about channels")
    def uphold(self, request: HttpRequest, reports: QuerySet[Report]) -> None:
        self._answer(request, reports, Report.State.UPHELD)

    @admin.action(description="Dismiss reports about channels")
    def dismiss(self, request: HttpRequest, reports: QuerySet[Report]) -> None:
        self._answer(request, reports, Report.State.DISMISSED)

    def _answer(self, request: HttpRequest, reports: QuerySet[Report], answer: Report.State) -> None:
        """Each by itself: one that can't be answered keeps no other from it."""
        actor, words = cast(User, request.user), request.POST.get("words", "")
        settled = 0
        for report in reports:
            try:
                services.answer_report(actor=actor, report=report, answer=answer, words=words)
            except DomainError as refusal:
                self.message_user(request, f"{report}: {refusal.message}", messages.ERROR)
            else:
                settled += 1
        if settled:
            self.message_user(request, f"{answer.label}: {settled}.", messages.SUCCESS)


def _said(line: dict[str, Any]) -> tuple[str, str]:
    """Who said what; of a channel, its name and its description."""
    if "user" in line:
        return line["user"]["displayName"], line["content"]
    return f"{line['name']} (/{line['slug']})", line["description"]


@admin.register(AutomodRule)
class AutomodRuleAdmin(LookOnly):
    list_display = ["channel", "kind", "label", "action", "is_on"]
    list_select_related = ["channel"]
    list_filter = ["kind", "action", "is_on"]
    search_fields = ["channel__slug"]
