"""What every request passes: health, odd addresses, the browser's viewer id, refusals, quota headers."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.accounts.reauthentication import ProofNeeded, detour
from apps.core.errors import SignInNeeded
from apps.core.images import MAX_BYTES
from apps.core.viewers import COOKIE, is_viewer_id, new_viewer_id, viewer_id

from .errors import TooLarge, as_refusal, refuse

Handler = Callable[[HttpRequest], HttpResponse]


class HealthCheck:
    """`GET /healthz`: 200 once this process and its database answer. Before host checks: probes use IPs."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != "/healthz":
            return self.get_response(request)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return JsonResponse({"status": "ok"})


class NoNul:
    """Refuse an address or a cookie with the character NUL, which no text of ours holds and PostgreSQL can't
    look up. A cookie in quotes may spell it \\000."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        if any("\0" in value for value in request.COOKIES.values()):
            raise BadRequest("NUL in a cookie")
        return self.get_response(request)


class BodyLimit:
    """Refuse a body that announces more than anything of ours takes, before a byte of it is read."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.BODY_MOST:
            return refuse(
                request,
                TooLarge(
                    f"This is too much at once: {int(length) >> 20} MB. A picture may have at most "
                    f"{MAX_BYTES >> 20} MB. Choose a smaller one."
                ),
            )
        return self.get_response(request)


class ViewerId:
    """Give each browser a random id, so that one person with three tabs counts as one viewer."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        held = request.COOKIES.get(COOKIE, "")
        is_ours = is_viewer_id(held)
        request.viewer_id = held if is_ours else new_viewer_id()  # type: ignore[attr-defined]
        response = self.get_response(request)
        if not is_ours and response.get("Content-Type", "").startswith("text/html"):
            response.set_cookie(
                COOKIE,
                viewer_id(request),
                max_age=365 * 24 * 3600,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response


class DomainErrors:
    """A verb's refusal on a page, and the quota headers of the API."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        quota = getattr(request, "quota", None)
        if quota is not None:
            limit, left, reset = quota
            response["RateLimit-Limit"], response["RateLimit-Remaining"] = str(limit), str(left)
            response["RateLimit-Reset"] = str(max(1, round(reset)))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = as_refusal(error)
        if isinstance(refusal, ProofNeeded) and not request.path.startswith("/api/"):
            return detour(request)
        if isinstance(refusal, SignInNeeded) and not request.path.startswith("/api/"):
            from django.contrib.auth.views import redirect_to_login

            return redirect_to_login(request.get_full_path())
        return refuse(request, refusal) if refusal else None
