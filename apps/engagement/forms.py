"""Raids as people type them."""

from __future__ import annotations

from django import forms

from apps.core.forms import NEEDED

from .models import RaidSettings
from .services import SECONDS_LEAST, SECONDS_MOST

_ADDRESS = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class RaidForm(forms.Form):
    target = forms.CharField(
        label="Channel",
        max_length=100,
        help_text="The address of a channel that is live, such as nova.",
        error_messages=NEEDED,
        widget=forms.TextInput(attrs=_ADDRESS),
    )
    seconds = forms.TypedChoiceField(
        label="Countdown",
        coerce=int,
        choices=[(SECONDS_LEAST, f"{SECONDS_LEAST} seconds"), (30, "30 seconds"), (60, "a minute"),
                 (SECONDS_MOST, f"{SECONDS_MOST} seconds")],
    )  # fmt: skip


class RaidSettingsForm(forms.Form):
    accepts = forms.ChoiceField(
        label="Who may raid this channel",
        choices=RaidSettings.Accepts.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one of those shown."},
    )


class RaidBlockForm(forms.Form):
    blocked = forms.CharField(
        label="Channel", max_length=100, error_messages=NEEDED, widget=forms.TextInput(attrs=_ADDRESS)
    )
