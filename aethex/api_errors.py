"""Everything that can go wrong in an API call, in the one error envelope."""

from __future__ import annotations

import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from .errors import as_refusal, headers_of

CODES: dict[type[Exception], str] = {
    exceptions.NotAuthenticated: "SIGN_IN_NEEDED",
    exceptions.AuthenticationFailed: "SIGN_IN_FAILED",
    exceptions.PermissionDenied: "NOT_ALLOWED",
    exceptions.NotFound: "NOT_FOUND",
    exceptions.MethodNotAllowed: "METHOD_NOT_ALLOWED",
    exceptions.ParseError: "MALFORMED",
    exceptions.UnsupportedMediaType: "UNSUPPORTED_MEDIA_TYPE",
    exceptions.NotAcceptable: "NOT_ACCEPTABLE",
    exceptions.Throttled: "RATE_LIMITED",
    exceptions.ValidationError: "INVALID",
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None (a bug) becomes a 500 by `aethex.errors`."""
    error = _counted(error, context)
    if (refusal := as_refusal(error)) is not None:
        body = refusal.payload()
        if refusal.fields:
            body["fields"] = {_camel(name): reasons for name, reasons in refusal.fields.items()}
        return Response(body, status=refusal.status, headers=headers_of(refusal))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    body = {
        "error": True,
        "code": CODES.get(type(error), "REFUSED"),
        "message": str(error.detail) if isinstance(error.detail, str) else "Some fields are not right.",
        "status": error.status_code,
    }
    headers = {}
    if isinstance(error, exceptions.ValidationError):
        fields = _fields(error.detail)
        body |= {"fields": fields, "message": _first(fields)}
    if isinstance(error, exceptions.Throttled):
        wait = math.ceil(getattr(error, "wait", None) or 1)
        body["message"] = f"Too many requests. Try again in {wait} s."
        body["retryAfter"] = wait
        headers["Retry-After"] = str(wait)
    if (challenge := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    return Response(body, status=error.status_code, headers=headers)


def _counted(error: Exception, context: dict[str, Any]) -> Exception:
    """The error, or that it was one too many: DRF counts only who has passed its door, not a wrong token."""
    request = context["request"]
    if not isinstance(error, exceptions.APIException) or hasattr(request._request, "quota"):
        return error
    for throttle in context["view"].get_throttles():
        if not throttle.allow_request(request, context["view"]):
            return exceptions.Throttled(throttle.wait())
    return error


def _camel(name: str) -> str:
    """The API's spelling of a verb's input: `display_name` is `displayName` outside."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _fields(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested errors as one flat dictionary of field → sentences."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            flat |= _fields(inner, f"{prefix}.{name}" if prefix else str(name))
        return flat
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        flat = {}
        for position, inner in enumerate(detail):
            flat |= _fields(inner, f"{prefix}.{position}")
        return flat
    reasons = detail if isinstance(detail, list) else [detail]
    return {prefix or "body": [str(reason) for reason in reasons]} if reasons else {}


def _first(fields: dict[str, list[str]]) -> str:
    for name, reasons in fields.items():
        return f"{name}: {reasons[0]}"
    return "Some fields are not right."
