"""What a creator says about a broadcast."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms

from apps.channels.forms import category_choices
from apps.core.forms import NEEDED, TagsField

from .services.broadcasts import TITLE_LENGTH
from .services.simulcast import KEY_LENGTH, NAME_LENGTH, URL_LENGTH


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


SERVICES = {
    "twitch": ("Twitch", "rtmp://live.twitch.tv/app"),
    "youtube": ("YouTube", "rtmps://a.rtmps.youtube.com/live2"),
}


class TargetForm(forms.Form):
    """Another platform that a stream goes to; a known one brings its address along."""

    service = forms.ChoiceField(
        choices=[*((key, name) for key, (name, _) in SERVICES.items()), ("other", "Another one")],
        label="Platform",
    )
    name = forms.CharField(
        required=False, max_length=NAME_LENGTH, help_text="What you call it; empty: the platform's name."
    )
    url = forms.CharField(
        required=False,
        max_length=URL_LENGTH,
        label="Server",
        help_text="For another platform: rtmp:// or rtmps://, without the key.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    key = forms.CharField(
        max_length=KEY_LENGTH,
        label="Stream key",
        help_text="From the other platform. It is kept encrypted and not shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages=NEEDED,
    )

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if fields.get("service") == "other" and not fields.get("url"):
            self.add_error("url", "Say where the other platform takes streams.")
        return fields

    def target(self) -> dict[str, str]:
        """What the verb takes."""
        chosen = SERVICES.get(self.cleaned_data["service"])
        url = chosen[1] if chosen else self.cleaned_data["url"]
        name = self.cleaned_data["name"] or (chosen[0] if chosen else urlsplit(url).hostname or url)
        return {"name": name[:NAME_LENGTH], "url": url, "key": self.cleaned_data["key"]}
