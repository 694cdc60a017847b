"""Forms translate what a browser posts into what a verb takes, and a verb's refusal back to its fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from .errors import DomainError

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
