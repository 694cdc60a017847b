"""The installed app: the page without network, and the service worker that shows it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

# What the page without network is drawn with, beside fonts, which are kept as they come.
DRAWN_WITH = [
    *(f"css/{sheet}.css" for sheet in ("tokens", "base", "layout", "components")),
    "img/logo.svg",
    "img/icons.svg",
    "vendor/inter-5.3.0/latin.woff2",
    "vendor/sora-5.3.0/latin.woff2",
]


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """`/offline`: the same for everybody, so that a browser may keep it."""
    return render(request, "offline.html")


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """`/worker.js`: from the root, since a service worker sees what lies below its own address."""
    return HttpResponse(_script(), content_type="text/javascript; charset=utf-8")


@cache
def _script() -> str:
    """The script; its version is that of all it keeps, so that a new release is fetched anew."""
    page = reverse("offline")
    context = {"files": json.dumps([page, *map(static, DRAWN_WITH)]), "offline": page}
    context["vendor"] = static("vendor/")
    parts = [render_to_string("offline.html"), render_to_string("pwa/worker.js", context)]
    digest = hashlib.sha256("".join(parts).encode())
    for name in DRAWN_WITH:
        digest.update(_content(name))
    return render_to_string("pwa/worker.js", context | {"version": digest.hexdigest()[:12]})


def _content(name: str) -> bytes:
    """The static file, collected or where it is written."""
    collected = Path(settings.STATIC_ROOT) / name
    found = finders.find(name) or str(collected)
    return Path(found).read_bytes()
