"""How every refusal and failure is answered, for people and programs: one mapping for views and for what
Django answers itself (400, 403, 404, 500, a failed CSRF check)."""

from __future__ import annotations

import logging
import math
import sqlite3
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.views import defaults

from apps.core.errors import DomainError, NotAllowed, NotFound, StoreUnavailable

log = logging.getLogger(__name__)


class Malformed(DomainError):
    code, status = "MALFORMED", 400


class StaleForm(DomainError):
    code, status = "CSRF_FAILED", 403


class TooLarge(DomainError):
    code, status = "BODY_TOO_LARGE", 413


class ServerError(DomainError):
    code, status = "SERVER_ERROR", 500


def as_refusal(error: BaseException | None) -> DomainError | None:
    """What a person or a program is told of this exception; None for a bug."""
    if isinstance(error, OperationalError | InterfaceError):
        # A developer learns more from the page with the traceback.
        if settings.DEBUG or _is_in_the_question(error):
            return None
        log.error("The database does not answer: %s", error, exc_info=error)
        return StoreUnavailable()
    return error if isinstance(error, DomainError) else None


def _is_in_the_question(error: Exception) -> bool:
    """Whether SQLite answered that what it was asked makes no sense, such as of a table that is not there.
    Other databases have a class of errors for that."""
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_ERROR


def headers_of(refusal: DomainError) -> dict[str, str]:
    if refusal.retry_after is None:
        return {}
    return {"Retry-After": str(math.ceil(refusal.retry_after))}


def refuse(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """The refusal, as a page or in the API's envelope."""
    headers = headers_of(refusal)
    if request.path.startswith("/api/"):
        return JsonResponse(refusal.payload(), status=refusal.status, headers=headers)
    if isinstance(refusal, StoreUnavailable):
        # Without the request: whose page it is, nobody can look up.
        page = loader.render_to_string("503.html", {"refusal": refusal})
        return HttpResponse(page, status=refusal.status, headers=headers)
    response = render(request, "refused.html", {"refusal": refusal}, status=refusal.status)
    for name, value in headers.items():
        response[name] = value
    return response


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024
        return refuse(request, TooLarge(f"This is too much at once. Send at most {most} kB, files aside."))
    return refuse(request, Malformed("This request could not be understood. Go back and try once more."))


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return refuse(request, NotAllowed("You may not do this."))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return refuse(request, NotFound("There is nothing at this address. It may have moved."))


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug; or a database that went away outside of any view, such as while a session was looked up."""
    if (refusal := as_refusal(sys.exception())) is not None:
        return refuse(request, refusal)
    if request.path.startswith("/api/"):
        return refuse(request, ServerError("Something broke on our side. Try again in a moment."))
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(
        request, StaleForm("This page was open for too long. Go back, reload it and send it again.")
    )
