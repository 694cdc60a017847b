"""Every page of moderation × every role: who comes in, and who does not."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import POWERS, Power, Role
from apps.chat.desk import urls as desk_urls
from apps.core.models import AuditEntry
from apps.moderation import urls
from tests import factories
from tests.pages.conftest import browser_of

PAGES = [
    pytest.param(f"{module.app_name}:{pattern.name}", pattern, id=f"{module.app_name}:{pattern.name}")
    for module in (urls, desk_urls)
    for pattern in module.urlpatterns
]
ON_DESK = [page for page in PAGES if "dashboard/" in str(page.values[1].pattern)]  # type: ignore[attr-defined]


def address(name: str, pattern: URLPattern) -> str:
    """The page in the channel; what it would be about exists nowhere."""
    known: dict[str, Any] = {"slug": "night-shift", "kind": "terms"}
    wanted = [part for part in pattern.pattern.converters if part not in pattern.default_args]
    return reverse(name, kwargs={part: known.get(part, uuid.uuid4()) for part in wanted})


def answers(browser: Client, path: str) -> list[Any]:
    return [browser.get(path), browser.post(path, {"on": "yes", "deed": "save"})]


def crew(channel: Channel, role: Role | None) -> Client:
    if role is Role.OWNER:
        return browser_of(channel.owner)
    person: User = factories.person()
    if role is not None:
        ChannelRole.objects.create(channel=channel, user=person, role=role)
    return browser_of(person)


@pytest.mark.parametrize(("name", "pattern"), PAGES)
def test_who_is_not_signed_in_is_asked_to(
    channel: Channel, visitor: Client, name: str, pattern: URLPattern
) -> None:
    told = [answer for answer in answers(visitor, address(name, pattern)) if answer.status_code != 405]
    assert told
    assert all("/auth/login" in answer.url for answer in told)


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize(("name", "pattern"), ON_DESK)
def test_the_desk_opens_for_who_holds_the_power(
    channel: Channel, name: str, pattern: URLPattern, role: Role | None
) -> None:
    before = AuditEntry.objects.count()
    told = {answer.status_code for answer in answers(crew(channel, role), address(name, pattern))} - {405}
    if role is not None and Power.VIEW_MODERATION in POWERS[role]:
        assert 403 not in told
    else:
        assert told == {403}
        assert AuditEntry.objects.count() == before


def test_staff_without_a_role_moderate_no_channel(channel: Channel) -> None:
    staff = browser_of(factories.person(is_staff=True))
    for page in ON_DESK:
        name, pattern = page.values
        told = {a.status_code for a in answers(staff, address(str(name), pattern))}  # type: ignore[arg-type]
        assert told <= {403, 405}, name


def test_the_desk_of_a_channel_that_is_none_is_not_found(channel: Channel, owner: Client) -> None:
    assert owner.get("/dashboard/nothing-here/moderation").status_code == 404
    assert owner.get(f"/dashboard/night-shift/moderation/people/{uuid.uuid4()}").status_code == 404
