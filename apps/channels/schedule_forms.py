"""What a creator says about a broadcast that is planned."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.accounts.services import time_zones
from apps.core.forms import NEEDED

from .forms import category_choices
from .models import ONCE, ScheduledBroadcast

LENGTHS = (30, 45, 60, 90, 120, 150, 180, 240, 300, 360, 480, 720, 1440)


def length_in_words(minutes: int) -> str:
    """90 → 1 h 30 min."""
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" * bool(hours), f"{rest} min" * bool(rest)) if part)


class ScheduledForm(forms.Form):
    title = forms.CharField(max_length=140, error_messages=NEEDED)
    category = forms.ChoiceField(required=False)
    first_on = forms.DateField(
        label="Day", error_messages=NEEDED, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    start_time = forms.TimeField(
        label="Begins at",
        error_messages=NEEDED,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    duration_minutes = forms.TypedChoiceField(label="Length", coerce=int, initial=120)
    time_zone = forms.ChoiceField(label="Time zone", help_text="Of the time above.")
    repeats = forms.ChoiceField(
        choices=ScheduledBroadcast.Repeats.choices, widget=forms.RadioSelect, initial=ONCE
    )
    last_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="For one that takes place every week; empty for no end.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        lengths = sorted({*LENGTHS, int(self.initial.get("duration_minutes") or 120)})
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(time_zones())]
        choices: dict[str, Any] = {
            "category": category_choices(),
            "duration_minutes": [(minutes, length_in_words(minutes)) for minutes in lengths],
            "time_zone": zones,
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(scheduled: ScheduledBroadcast) -> dict[str, Any]:
        """The form as it stands for this broadcast."""
        plain = ("title", "first_on", "start_time", "duration_minutes", "time_zone", "repeats")
        return {name: getattr(scheduled, name) for name in plain} | {
            "category": scheduled.category.slug if scheduled.category else "",
            "last_on": None if scheduled.repeats == ONCE else scheduled.last_on,
        }
