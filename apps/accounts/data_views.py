"""A person's data and the end of their account, on pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from .access import shut_account


@require_GET
def closed(request: HttpRequest) -> HttpResponse:
    """Where a sign-in to a shut account ends: why it is shut, and the way back if there is one."""
    return render(request, "accounts/closed.html", {"person": shut_account(request)})
