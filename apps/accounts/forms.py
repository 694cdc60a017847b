"""What a person says about themselves on pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from apps.core.forms import NEEDED

from . import services
from .models import User
from .names import COLORS

PICTURES = {"accept": "image/jpeg,image/png,image/webp,image/gif"}
PICTURE_RULE = "Square, at least 256 × 256 pixels. JPEG, PNG, WebP or GIF, up to 8 MB."


class OnboardingForm(forms.Form):
    username = forms.CharField(
        max_length=25,
        error_messages=NEEDED,
        help_text="3 to 25 letters, digits or underscores. Your address here; you choose it once.",
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    display_name = forms.CharField(
        max_length=services.DISPLAY_NAME_MOST,
        error_messages=NEEDED,
        help_text="What others read in the chat.",
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    avatar = forms.FileField(
        label="Picture", required=False, help_text=PICTURE_RULE, widget=forms.FileInput(attrs=PICTURES)
    )
    bio = forms.CharField(
        required=False,
        help_text=f"A line or two, at most {services.BIO_MOST} characters.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": services.BIO_MOST}),
    )


class SettingsForm(forms.Form):
    display_name = forms.CharField(
        max_length=services.DISPLAY_NAME_MOST,
        error_messages=NEEDED,
        help_text="What others read in the chat.",
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    bio = forms.CharField(
        required=False,
        help_text=f"A line or two, at most {services.BIO_MOST} characters.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": services.BIO_MOST}),
    )
    avatar = forms.FileField(
        label="Picture", required=False, help_text=PICTURE_RULE, widget=forms.FileInput(attrs=PICTURES)
    )
    color = forms.ChoiceField(
        label="Colour of your name in the chat",
        choices=[(color, color) for color in COLORS],
        widget=forms.RadioSelect,
    )
    theme = forms.ChoiceField(label="Appearance", choices=User.Theme.choices, widget=forms.RadioSelect)
    language = forms.ChoiceField(
        choices=settings.LANGUAGES, help_text="What you speak; your channels start with it."
    )
    time_zone = forms.ChoiceField(label="Time zone", help_text="Times on pages are shown in it.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(services.time_zones())]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(user: User) -> dict[str, Any]:
        """The form as it stands for this person."""
        names = ("display_name", "bio", "color", "theme", "language", "time_zone")
        return {name: getattr(user, name) for name in names}


class BlockForm(forms.Form):
    username = forms.CharField(
        max_length=200,
        error_messages=NEEDED,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
