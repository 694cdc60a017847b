"""Forms translate what a browser posts into what a verb takes, and a verb's refusal back to its fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from .errors import DomainError, Invalid
from .images import FORMATS, MAX_BYTES, Cropped, checked_crop, reencode
from .links import KINDS
from .links import MOST as LINK_MOST

# In our own words, wherever a field may not stay empty.
NEEDED = {"required": "This can't be empty."}


class TagsField(forms.CharField):
    """Words between commas, as a list. How many and how long is for the verb to say."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return [word.strip() for word in (super().to_python(value) or "").split(",") if word.strip()]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def run_validators(self, value: Any) -> None:
        """A list is never too long a text."""


class AddressField(forms.CharField):
    """The end of an address, shown behind its beginning (`prefix`)."""

    def __init__(self, *, prefix: str, **options: Any) -> None:
        super().__init__(**options)
        self.prefix = prefix


class PictureInput(forms.ClearableFileInput):
    """A file, the part of it that is wanted, and a box to go without; drawn by components/upload.html."""

    template_name = "components/upload.html"

    def __init__(self, *, ratio: str) -> None:
        super().__init__(attrs={"accept": ",".join(f"image/{kind.lower()}" for kind in FORMATS)})
        self.ratio = ratio

    def is_initial(self, value: Any) -> bool:
        return isinstance(value, str) and value != ""

    def format_value(self, value: Any) -> Any:
        return value if self.is_initial(value) else None

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        shape = {"ratio": self.ratio, "crop_name": f"{name}-crop", "most_bytes": MAX_BYTES}
        # Django means the box with it, and would write it to the file field.
        widget |= shape | {"is_cleared": widget["attrs"].pop("checked", False)}
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        upload = super().value_from_datadict(data, files, name)
        crop = data.get(f"{name}-crop", "")
        return (upload, crop) if upload and crop else upload

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return super().value_omitted_from_data(data, files, name) and f"{name}-crop" not in data


class PictureField(forms.FileField):
    """A picture to upload, in a shape (`ratio`, such as "4:1"). Its initial value is the address of the one
    that is shown now. Cleaned it is a new upload, False to go without, or that address for no change."""

    def __init__(self, *, ratio: str, **options: Any) -> None:
        super().__init__(required=False, widget=PictureInput(ratio=ratio), **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload, crop = data if isinstance(data, tuple) else (data, "")
        cleaned = super().clean(upload, initial)
        if not crop:
            return cleaned
        try:
            return Cropped(cleaned, checked_crop(*_four(crop), field="crop"))
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        # A browser can't be given its file back: the page shows what is stored.
        return initial


class StaffPictureField(forms.FileField):
    """A picture for the admin's forms of models: a new upload comes out as `reencode` makes it."""

    def __init__(self, *, width: int, height: int, **options: Any) -> None:
        accepted = forms.ClearableFileInput(attrs={"accept": ",".join(f"image/{k.lower()}" for k in FORMATS)})
        super().__init__(required=False, widget=accepted, **options)
        self.size = {"width": width, "height": height}

    def clean(self, data: Any, initial: Any = None) -> Any:
        cleaned = super().clean(data, initial)
        if not isinstance(cleaned, UploadedFile):
            return cleaned
        try:
            return reencode(cleaned, field="picture", **self.size)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from None


def take_pictures(cleaned: dict[str, Any], *names: str) -> dict[str, Any]:
    """Take picture fields out of a form's values: a new upload or None to go without, and nothing for those
    that stay."""
    taken = {name: cleaned.pop(name) for name in names}
    return {name: value or None for name, value in taken.items() if not isinstance(value, str | None)}


def _four(crop: str) -> list[str]:
    """The four numbers between commas; four that are none for anything else."""
    parts = crop.split(",", 4)
    return parts if len(parts) == 4 and len(crop) < 200 else [""] * 4


def link_fields() -> dict[str, forms.CharField]:
    """A field for each kind of link, named as `checked_links` names it when it refuses one."""
    return {
        f"links.{kind.key}": forms.CharField(
            label=kind.label,
            required=False,
            max_length=LINK_MOST,
            widget=forms.TextInput(
                # Not a URL input: an address without https:// is fine, and a browser would refuse it.
                attrs={
                    "inputmode": "url",
                    "placeholder": kind.example,
                    "autocomplete": "off",
                    "autocapitalize": "none",
                    "spellcheck": "false",
                }
            ),
        )
        for kind in KINDS.values()
    }


def links_of(cleaned: dict[str, Any]) -> dict[str, str]:
    """Take the link fields out of a form's values: what `checked_links` takes."""
    return {key: cleaned.pop(f"links.{key}") for key in KINDS}


def take_refusal(form: forms.Form, refusal: DomainError) -> None:
    """Put a verb's refusal where it belongs: at the fields that it names, else above the form."""
    for name, reasons in refusal.fields.items():
        form.add_error(name if name in form.fields else None, reasons)
    if not refusal.fields:
        form.add_error(None, refusal.message)


def next_address(request: HttpRequest, default: str) -> str:
    """Where the posted `next` leads if it stays on this site, else `default`."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours and wanted.startswith("/") else default
