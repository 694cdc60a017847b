"""What moderators, the banned and those who report type on pages."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.selectors import named_person
from apps.core.errors import Invalid
from apps.core.forms import NEEDED

from .logbook import deed_words
from .models import REASON_MOST, WORDS_MOST, Report

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
# The lengths of time-outs that have a button.
TIMEOUTS = ((10 * MINUTE, "10 minutes"), (HOUR, "1 hour"), (DAY, "1 day"), (14 * DAY, "14 days"))
NAME_TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def words_field(label: str, *, most: int = WORDS_MOST, rows: int = 2, **options: Any) -> forms.CharField:
    """Some lines of text. Its verb judges them; the browser stops at the most."""
    widget = forms.Textarea(attrs={"rows": rows, "maxlength": most})
    return forms.CharField(label=label, widget=widget, error_messages=NEEDED, **options)


class PersonField(forms.CharField):
    """The person whose username is typed, None when nothing is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=200, widget=forms.TextInput(attrs=NAME_TYPED), **options)

    def clean(self, value: Any) -> User | None:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return named_person(typed)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from None


class SanctionForm(forms.Form):
    """One field and a button for each deed."""

    reason = forms.CharField(
        required=False,
        help_text="The person reads it. A warning needs one.",
        widget=forms.TextInput(attrs={"maxlength": REASON_MOST, "autocomplete": "off"}),
    )
    deed = forms.ChoiceField(
        choices=[("warn", "Warn"), ("ban", "Ban"), *((str(seconds), name) for seconds, name in TIMEOUTS)],
        error_messages={"required": "Choose what to do.", "invalid_choice": "Choose one of the buttons."},
    )


class NoteForm(forms.Form):
    text = words_field("Note for moderators", help_text="The person never sees it.")


class LogFilterForm(forms.Form):
    by = PersonField(label="Done by", required=False)
    about = PersonField(label="Done to", required=False)
    action = forms.ChoiceField(label="What", required=False)

    def __init__(self, actions: list[str], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        named = sorted((deed_words(action).capitalize(), action) for action in actions)
        choices = [("", "Everything"), *((action, words) for words, action in named)]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]


class UndoSinceForm(forms.Form):
    username = PersonField(label="Everything by", error_messages=NEEDED)
    since = forms.DateTimeField(
        label="Since",
        help_text="In your own time zone.",
        error_messages=NEEDED | {"invalid": "Write a date and a time."},
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M:%S", attrs={"type": "datetime-local", "step": "1"}),
    )


class UnbanRequestForm(forms.Form):
    text = words_field(
        "Your request",
        rows=4,
        help_text=f"You can ask once. Say what you will do differently, in at most {WORDS_MOST} characters.",
    )


class ReportForm(forms.Form):
    reason = forms.ChoiceField(
        label="What is wrong",
        choices=Report.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason.", "invalid_choice": "Choose one of the reasons."},
    )
    words = words_field("What happened", rows=3, required=False, help_text="What a moderator should know.")
