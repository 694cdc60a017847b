"""The site's table of addresses, walked: every route with its methods, pages, API and sockets alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView
from django.views.generic.edit import ProcessFormView

from apps.chat.routing import DOORS

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Django's admin has its own rule (test_admin_doors.py), uploads are plain files, and the last of the API's
# rows answers whatever no other row does.
APART = ("/admin/", "/media/<path>", "/api/.*")


@dataclass(frozen=True)
class Route:
    """One address as the table spells it, `/c/<str:slug>`, and what it answers to."""

    address: str
    methods: tuple[str, ...]
    view: Any

    @property
    def is_api(self) -> bool:
        return self.address.startswith("/api/")


def all_routes() -> list[Route]:
    """Every route of pages and API, but for `APART`."""
    found = [Route(address, methods_of(view), view) for address, view in _walk(get_resolver(), "/")]
    return [route for route in found if not route.address.startswith(APART)]


def offered() -> set[str]:
    """`METHOD /address` of all that can be asked, and `WS /address/<slug>` of all sockets."""
    asked = {f"{method} {route.address}" for route in all_routes() for method in route.methods}
    return asked | {f"WS {door}/<slug>" for door in DOORS}


def methods_of(view: Any) -> tuple[str, ...]:
    """What the view answers with anything but 405; HEAD and OPTIONS are nobody's rows."""
    of_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if of_class is not None:
        if of_class is RedirectView:
            return ("GET",)
        own = {method for method in METHODS if hasattr(of_class, method.lower())}
        # Django's forms take PUT as another word for POST.
        if getattr(of_class, "put", None) is ProcessFormView.put:
            own.discard("PUT")
        return tuple(sorted(own))
    allowed = _decorated(view)
    return tuple(sorted(set(METHODS) & set(allowed))) if allowed else ("GET", "POST")


def _decorated(view: Any) -> list[str] | None:
    """What `require_http_methods` lets pass, found through all decorators."""
    while view is not None:
        names = view.__code__.co_freevars if hasattr(view, "__code__") else ()
        held = dict(zip(names, getattr(view, "__closure__", None) or (), strict=False))
        if "request_method_list" in held:
            return held["request_method_list"].cell_contents
        view = getattr(view, "__wrapped__", None)
    return None


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        address = before + _plain(str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _walk(entry, address)
        elif isinstance(entry, URLPattern):
            yield address, entry.callback


def _plain(pattern: str) -> str:
    """`^verify/(?P<key>[-:\\w]+)$` → `verify/<key>`."""
    return re.sub(r"\(\?P(<\w+>)[^()]*\)", r"\1", pattern).removeprefix("^").removesuffix("$")
