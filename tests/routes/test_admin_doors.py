"""The admin's own rule: all of it is for staff, and of staff for those who hold the permission."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver

from apps.channels.models import Channel

from .cast import Who
from .scene import set_scene

# These send everybody to the site's own door, or away from it.
DOORS = {"/admin/login/", "/admin/logout/"}


def addresses(patterns: list[Any], before: str = "/admin/") -> Iterator[str]:
    """Every address of the admin, with something for each of its parts."""
    for entry in patterns:
        here = before + str(entry.pattern).removeprefix("^").removesuffix("$")
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, here)
        elif isinstance(entry, URLPattern) and "(" not in here:
            yield re.sub(r"<[^>]+>", "1", here)


def refused(answer: Any) -> bool:
    return answer.status_code == 403 or (
        answer.status_code in (301, 302) and "/login" in answer.headers["Location"]
    )


@pytest.mark.django_db
def test_nobody_but_staff_comes_in_anywhere(channel: Channel) -> None:
    browsers = set_scene(channel).browsers
    for address in set(addresses(admin.site.get_urls())) - DOORS:
        for who in (Who.ANONYMOUS, Who.SUSPENDED, Who.OWNER):
            for method in ("get", "post"):
                answer = getattr(browsers[who], method)(address)
                assert refused(answer), f"{method} {address} by {who}: {answer.status_code}"


@pytest.mark.django_db
def test_staff_see_what_they_were_permitted_and_superusers_everything(channel: Channel) -> None:
    browsers = set_scene(channel).browsers
    for model in admin.site._registry:
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert browsers[Who.STAFF].get(address).status_code == 403, address
        assert _opens(browsers[Who.SUPERUSER], address), address


def _opens(browser: Client, address: str) -> bool:
    return browser.get(address).status_code == 200
