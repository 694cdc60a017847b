"""Staff's workplace: Django's admin behind the site's own sign-in, and what waits for them there."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.moderation.models import Report
from apps.streams.models import Broadcast


class StaffSite(admin.AdminSite):
    """The admin. Nobody comes in who is not staff, or (STAFF_SECOND_FACTOR) who has shown one factor only."""

    site_header = site_title = "AeThex LIVE staff"
    index_title = "What waits"

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and _factors_suffice(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The site's own page, with its limits and second factor; or what is missing."""
        here = _next(request)
        if not request.user.is_authenticated:
            return redirect_to_login(here)
        if not super().has_permission(request):
            raise PermissionDenied
        if _factors_suffice(request):
            return redirect(here)
        context = {"has_factor": is_mfa_enabled(request.user), "next": here}
        return render(request, "admin/second_factor.html", context, status=403)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        one_factor = not settings.STAFF_SECOND_FACTOR
        return {**super().each_context(request), "one_factor_suffices": one_factor}

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        return super().index(request, {"numbers": numbers(request.user), **(extra_context or {})})


def numbers(staff: Any) -> list[tuple[str, int, str]]:
    """What matters now, as far as these staff may look: words, count, and the list that shows it."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[tuple[str, int, str]] = []
    if staff.has_perm("moderation.view_report"):
        waiting = Report.objects.open().aggregate(
            staff=Count("pk", filter=Q(kind=Report.Kind.CHANNEL)),
            others=Count("pk", filter=~Q(kind=Report.Kind.CHANNEL)),
        )
        page = "/admin/moderation/report/?state__exact=open"
        found.append(("reports about channels wait for you", waiting["staff"], f"{page}&kind__exact=channel"))
        found.append(("reports wait for channels' moderators", waiting["others"], page))
    if staff.has_perm("live_channels.view_channel"):
        channels = Channel.objects.aggregate(suspended=Count("pk", filter=Q(suspended_at__isnull=False)))
        live = Broadcast.objects.on_air().count()
        page = "/admin/live_channels/channel/"
        found.append(("channels are live", live, f"{page}?is_live__exact=1"))
        found.append(("channels are suspended", channels["suspended"], f"{page}?suspended_at__isempty=0"))
    if staff.has_perm("accounts.view_user"):
        people = User.objects.aggregate(
            new=Count("pk", filter=Q(date_joined__gte=today)),
            suspended=Count("pk", filter=Q(suspended_at__isnull=False)),
            leaving=Count("pk", filter=Q(deletion_at__isnull=False)),
        )
        page = "/admin/accounts/user/"
        found.append(("people are new today", people["new"], page))
        found.append(("people are suspended", people["suspended"], f"{page}?suspended_at__isempty=0"))
        found.append(("accounts wait to be deleted", people["leaving"], f"{page}?deletion_at__isempty=0"))
    return found


def _factors_suffice(request: HttpRequest) -> bool:
    """Whether this very session has shown a second factor or a passkey, where it is asked for."""
    if not settings.STAFF_SECOND_FACTOR:
        return True
    shown = any(record["method"] == "mfa" for record in get_authentication_records(request, request.user))
    return shown and is_mfa_enabled(request.user)


def _next(request: HttpRequest) -> str:
    """Where somebody wanted to go in the admin."""
    wanted = request.GET.get("next", "")
    if wanted.startswith("/admin/") and url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return wanted
    return "/admin/"
