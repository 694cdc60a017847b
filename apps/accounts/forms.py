"""What a person says about themselves on pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from apps.core.forms import NEEDED, PictureField, link_fields, links_of, take_pictures

from . import services
from .models import User
from .names import COLORS

AVATAR_RULE = "Square, at least 256 × 256 pixels. JPEG, PNG, WebP or GIF, up to 8 MB."
BANNER_RULE = "Wide, 1600 × 400 pixels or more. JPEG, PNG, WebP or GIF, up to 8 MB."


def avatar_field() -> PictureField:
    return PictureField(ratio="1:1", label="Avatar", help_text=AVATAR_RULE)


def display_name_field() -> forms.CharField:
    return forms.CharField(
        max_length=services.DISPLAY_NAME_MOST,
        error_messages=NEEDED,
        help_text="What others read in the chat.",
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )


def bio_field() -> forms.CharField:
    return forms.CharField(
        required=False,
        help_text=f"A line or two, at most {services.BIO_MOST} characters.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": services.BIO_MOST}),
    )


class OnboardingForm(forms.Form):
    username = forms.CharField(
        max_length=25,
        error_messages=NEEDED,
        help_text="3 to 25 letters, digits or underscores. Your address here; you choose it once.",
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    display_name = display_name_field()
    avatar = avatar_field()
    bio = bio_field()

    def introduction(self) -> dict[str, Any]:
        """What `onboard` takes."""
        cleaned = dict(self.cleaned_data)
        return take_pictures(cleaned, "avatar") | cleaned


class SettingsForm(forms.Form):
    display_name = display_name_field()
    bio = bio_field()
    avatar = avatar_field()
    banner = PictureField(ratio="4:1", help_text=BANNER_RULE)
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
        self.fields.update(link_fields())
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(services.time_zones())]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(user: User) -> dict[str, Any]:
        """The form as it stands for this person."""
        names = ("display_name", "bio", "color", "theme", "language", "time_zone")
        pictures = {"avatar": user.avatar_url, "banner": user.banner_url}
        links = {f"links.{kind}": url for kind, url in user.links.items()}
        return {name: getattr(user, name) for name in names} | pictures | links

    def changes(self) -> dict[str, Any]:
        """What `edit_profile` takes."""
        cleaned = dict(self.cleaned_data)
        pictures = take_pictures(cleaned, "avatar", "banner")
        return {"links": links_of(cleaned)} | pictures | cleaned

    def link_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("links.")]


class PrivacyForm(forms.Form):
    privacy = forms.ChoiceField(
        label="Who sees your profile",
        choices=User.Privacy.choices,
        widget=forms.RadioSelect,
        help_text="Your banner, bio, links, numbers, channels and lists. Your name and picture are always "
        "seen, and so are your channels on their own pages.",
    )
    shows_online = forms.BooleanField(
        label="Show when I am online",
        required=False,
        help_text="Only people who follow you see it, while you have a stream or a chat open.",
    )


class BlockForm(forms.Form):
    username = forms.CharField(
        max_length=200,
        error_messages=NEEDED,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class ClosingForm(forms.Form):
    confirmation = forms.CharField(
        label="Your username",
        max_length=100,
        error_messages=NEEDED,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
