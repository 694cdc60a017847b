"""What a creator says about a broadcast."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.channels.forms import category_choices
from apps.core.forms import NEEDED, TagsField

from .services.broadcasts import TITLE_LENGTH


class BroadcastForm(forms.Form):
    title = forms.CharField(
        max_length=TITLE_LENGTH,
        help_text="What people read before they click.",
        error_messages=NEEDED,
    )
    category = forms.ChoiceField(required=False)
    tags = TagsField(required=False, help_text="Up to 10, with commas between them.")
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000}))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["category"].choices = category_choices()  # type: ignore[attr-defined]
        self.fields["tags"].widget.attrs["data-tag-input"] = "10"
