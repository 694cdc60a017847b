"""A show as its creator types it."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from apps.channels.forms import category_choices
from apps.core.forms import NEEDED, TagsField

from .models import Show, SimulcastTarget
from .models.shows import ANNOUNCEMENT_MOST, NUMBER_MOST
from .services.broadcasts import TITLE_LENGTH
from .services.shows import DESCRIPTION_LENGTH, NAME_LENGTH

# Of each mode what it may be set to, as JSON, and what that means. What the API set otherwise joins them.
_LEFT = ("", "As it is")
_SWITCH = [_LEFT, ("true", "On"), ("false", "Off")]
MODES: dict[str, list[tuple[str, str]]] = {
    "slow": [
        _LEFT, ("0", "Off"), ("5", "5 seconds"), ("10", "10 seconds"), ("30", "30 seconds"),
        ("60", "A minute"), ("120", "2 minutes"),
    ],
    "followers_only": [
        _LEFT, ("null", "Off"), ("0", "Any follower"), ("10", "Followers of 10 minutes"),
        ("60", "Followers of an hour"), ("1440", "Followers of a day"), ("10080", "Followers of a week"),
    ],
    "emotes_only": _SWITCH,
    "unique": _SWITCH,
}  # fmt: skip


class ShowForm(forms.Form):
    name = forms.CharField(
        max_length=NAME_LENGTH, help_text="What you call it. Viewers don't see it.", error_messages=NEEDED
    )
    title_pattern = forms.CharField(
        label="Title",
        max_length=TITLE_LENGTH,
        help_text="{n} becomes the broadcast's number, {date} its day: “Jam #{n}” reads Jam #7.",
        error_messages=NEEDED,
        widget=forms.TextInput(attrs={"data-title-pattern": "", "autocomplete": "off"}),
    )
    next_number = forms.IntegerField(
        label="Next number",
        min_value=1,
        max_value=NUMBER_MOST,
        help_text="What {n} is next time. It counts up by itself, once a broadcast.",
        error_messages=NEEDED | {"invalid": "Write a whole number."},
    )
    category = forms.ChoiceField(required=False)
    tags = TagsField(required=False, help_text="Up to 10, with commas between them.")
    description = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3, "maxlength": DESCRIPTION_LENGTH})
    )
    slow = forms.ChoiceField(label="Slow mode", required=False)
    followers_only = forms.ChoiceField(label="Followers only", required=False)
    emotes_only = forms.ChoiceField(label="Emoji only", required=False)
    unique = forms.ChoiceField(label="Unique messages", required=False)
    announcement = forms.CharField(
        required=False,
        help_text="Said in the chat once, with the first picture, in the name of the channel's owner.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": ANNOUNCEMENT_MOST}),
    )
    sets_targets = forms.BooleanField(
        label="Choose where the show goes, too",
        required=False,
        help_text="The platforms ticked here are on while it lasts, the others off; afterwards as before.",
    )
    targets = forms.MultipleChoiceField(
        label="Platforms", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, data: Any = None, *, show: Show | None = None, targets: list[SimulcastTarget] | None = None
    ) -> None:
        """`targets` are those that the person may choose among; None: they may not choose."""
        super().__init__(data, initial=_initial(show))
        self._modes = dict(show.chat_modes) if show else {}
        self._targets = {str(target.pk): target for target in targets or ()}
        fields: dict[str, Any] = self.fields
        fields["category"].choices = category_choices()
        fields["tags"].widget.attrs["data-tag-input"] = "10"
        for name, choices in MODES.items():
            fields[name].choices = (
                _with(choices, json.dumps(self._modes[name])) if name in self._modes else choices
            )
        fields["targets"].choices = [(pk, target.name) for pk, target in self._targets.items()]
        if not self._targets:
            del self.fields["sets_targets"], self.fields["targets"]

    def changes(self) -> dict[str, Any]:
        """What the verb takes."""
        cleaned = dict(self.cleaned_data)
        chosen = {name: cleaned.pop(name) for name in MODES}
        kept = {name: value for name, value in self._modes.items() if name not in MODES}
        modes = {name: json.loads(value) for name, value in chosen.items() if value != ""}
        if "targets" in self.fields:
            rows = [self._targets[pk] for pk in cleaned["targets"]]
            cleaned["targets"] = rows if cleaned.pop("sets_targets") else None
        return cleaned | {"chat_modes": kept | modes}


def _initial(show: Show | None) -> dict[str, Any]:
    if show is None:
        return {"next_number": 1}
    plain = ("name", "title_pattern", "next_number", "description", "tags", "announcement", "sets_targets")
    modes = {name: json.dumps(show.chat_modes[name]) for name in MODES if name in show.chat_modes}
    return (
        {name: getattr(show, name) for name in plain}
        | modes
        | {
            "category": show.category.slug if show.category else "",
            "targets": [str(target.pk) for target in show.targets.all()],
        }
    )


def _with(choices: list[tuple[str, str]], standing: str) -> list[tuple[str, str]]:
    """The choices, and among them what stands now."""
    return choices if standing in dict(choices) else [*choices, (standing, standing)]
