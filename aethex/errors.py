"""The answers that Django gives itself, for people and programs: 400, 403, 404, 500, a failed CSRF check."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import defaults


def _answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(
            {"error": True, "code": code, "message": message, "status": status}, status=status
        )
    return render(request, f"{status}.html", {"message": message}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 400, "MALFORMED", "This request could not be understood.")


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 403, "NOT_ALLOWED", "You may not do this.")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 404, "NOT_FOUND", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return _answer(request, 500, "SERVER_ERROR", "Something broke on our side. Try again in a moment.")
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(
        request, 403, "CSRF_FAILED", "This page was open for too long. Go back, reload it and send it again."
    )
