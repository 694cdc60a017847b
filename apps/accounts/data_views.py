"""A person's data and the end of their account, on pages."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from apps.core.errors import DomainError
from apps.core.forms import take_refusal

from . import services
from .access import remember_shut, shut_account
from .forms import ClosingForm
from .models import DataExport, User
from .reauthentication import recent_proof_required, require_recent_proof


@require_GET
@login_required
def data(request: HttpRequest) -> HttpResponse:
    return _data_page(request, ClosingForm())


@require_POST
@login_required
@recent_proof_required
def export(request: HttpRequest) -> HttpResponse:
    try:
        services.ask_for_export(actor=request.user)
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Your data is being gathered. A letter tells you when it is there.")
    return redirect("people:data")


@require_GET
@login_required
def download(request: HttpRequest, token: str) -> FileResponse:
    require_recent_proof(request)
    return export_file(services.export_of_token(actor=request.user, token=token))


def export_file(export: DataExport) -> FileResponse:
    """The archive on its way to its owner, read as it is sent."""
    name = f"aethex-live-{export.user.username}-{export.asked_at:%Y-%m-%d}.zip"
    answer = FileResponse(
        services.open_export(export), as_attachment=True, filename=name, content_type="application/zip"
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@login_required
@recent_proof_required
def close(request: HttpRequest) -> HttpResponse:
    """The account is closed; the browser, signed out by it, goes on to the page that says until when."""
    form = ClosingForm(request.POST)
    if form.is_valid():
        try:
            user = services.close_account(actor=request.user, **form.cleaned_data)
        except DomainError as refusal:
            take_refusal(form, refusal)
        else:
            request.session.flush()
            remember_shut(request, user)
            return redirect("account_inactive")
    return _data_page(request, form)


@require_GET
def closed(request: HttpRequest) -> HttpResponse:
    """Where a sign-in to a shut account ends: why it is shut, and the way back if there is one."""
    person = shut_account(request)
    token = services.keep_token(person) if person and person.deletion_at else ""
    return render(request, "accounts/closed.html", {"person": person, "token": token})


def keep(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the letter about a closed account; the button there keeps it."""
    person = services.person_of_keep_token(token)
    if request.method != "POST":
        return render(request, "accounts/closed.html", {"person": person, "token": token})
    services.keep_account(person=person)
    messages.success(request, "Your account stays. Sign in as before.")
    return redirect(reverse("account_login"))


def _data_page(request: HttpRequest, form: ClosingForm) -> HttpResponse:
    user = cast(User, request.user)
    export = DataExport.objects.filter(user=user).first()
    context = {
        "form": form,
        "export": export,
        "token": services.export_token(export) if export and export.is_ready else "",
        "days": settings.ACCOUNT_DELETION_DAYS,
        "channels": list(user.channels.order_by("name_key")),
    }
    return render(request, "accounts/data.html", context, status=422 if form.errors else 200)
