"""What a creator says about a channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings

from apps.core.forms import (
    NEEDED,
    AddressField,
    PictureField,
    TagsField,
    link_fields,
    links_of,
    take_pictures,
)
from apps.core.links import KINDS

from .models import Category, Channel
from .roles import DUTIES, Role


def category_choices() -> list[tuple[str, Any]]:
    """The categories for a select: parents stand alone or head the group of their children."""
    rows = list(Category.objects.all())
    children: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        if row.parent_id is not None:
            children.setdefault(row.parent_id, []).append((row.slug, row.name))
    choices: list[tuple[str, Any]] = [("", "No category")]
    for row in rows:
        if row.parent_id is None:
            below = children.get(row.pk)
            own = (row.slug, row.name)
            choices.append((row.name, [own, *below]) if below else own)
    return choices


class NewChannelForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        min_length=2,
        error_messages=NEEDED,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    slug = AddressField(
        prefix="/c/",
        label="Address",
        required=False,
        error_messages=NEEDED,
        max_length=40,
        help_text="3 to 40 of a–z, 0–9, - and _. Left empty, it is made from the name.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "data-slug-from": "name",
            }
        ),
    )
    category = forms.ChoiceField(required=False)
    description = forms.CharField(
        label="About", required=False, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["category"].choices = category_choices()  # type: ignore[attr-defined]


class ChannelForm(NewChannelForm):
    tags = TagsField(required=False, help_text="Up to 10, with commas between them.")
    language = forms.ChoiceField(choices=settings.LANGUAGES)
    avatar = PictureField(
        ratio="1:1",
        label="Avatar",
        help_text="Square, at least 256 × 256 pixels. JPEG, PNG, WebP or GIF, up to 8 MB.",
    )
    banner = PictureField(
        ratio="4:1", help_text="Wide, 1600 × 400 pixels or more. JPEG, PNG, WebP or GIF, up to 8 MB."
    )
    visibility = forms.ChoiceField(choices=Channel.Visibility.choices, widget=forms.RadioSelect)
    is_mature = forms.BooleanField(
        label="For a mature audience",
        required=False,
        help_text="People are told before they watch.",
    )
    shows_followers = forms.BooleanField(
        label="Show who follows",
        required=False,
        help_text="Otherwise only you and your team see the list. How many follow is always shown.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # An address that exists is changed on purpose, not by typing a name.
        del self.fields["slug"].widget.attrs["data-slug-from"]
        self.fields["slug"].required = True
        self.fields["slug"].help_text = "3 to 40 of a–z, 0–9, - and _. Links to the old address lead here."
        self.fields["tags"].widget.attrs |= {"data-tag-input": "10", "list": "tags-in-use"}
        self.fields |= link_fields()

    def link_fields(self) -> list[forms.BoundField]:
        return [self[f"links.{kind}"] for kind in KINDS]

    @staticmethod
    def initial_of(channel: Channel) -> dict[str, Any]:
        """The form as it stands for this channel."""
        plain = ("name", "slug", "description", "tags", "language", "visibility", "is_mature")
        return {name: getattr(channel, name) for name in (*plain, "shows_followers")} | {
            "category": channel.category.slug if channel.category else "",
            "avatar": channel.avatar_url,
            "banner": channel.banner_url,
            **{f"links.{kind}": url for kind, url in channel.links.items()},
        }

    def changes(self) -> dict[str, Any]:
        """What `edit_channel` takes: pictures only when a new one came or the old one goes."""
        cleaned = dict(self.cleaned_data)
        links = links_of(cleaned)
        return take_pictures(cleaned, "avatar", "banner") | cleaned | {"links": links}


class DeleteChannelForm(forms.Form):
    confirmation = forms.CharField(
        label="Address of the channel",
        error_messages=NEEDED,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class InvitationForm(forms.Form):
    username = forms.CharField(
        max_length=200,
        error_messages=NEEDED,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    role = forms.ChoiceField(
        error_messages={"required": "Choose a role.", "invalid_choice": "Choose one of the roles shown."},
        widget=forms.RadioSelect,
    )

    def __init__(self, roles: Iterable[Role], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(role.value, f"{role.label} — {DUTIES[role]}") for role in roles]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]
