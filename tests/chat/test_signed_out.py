"""A socket lives as long as the session that it came with."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts import sessions, sockets, tickets
from apps.accounts.models import User
from apps.channels.models import Channel
from apps.core.realtime import database
from tests import factories

from .conftest import Dial, accepted, story

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "another long password"


def signed_in(person: User) -> Browser:
    browser = Browser()
    known = {"login": person.username, "password": factories.PASSWORD}
    assert browser.post("/auth/login", known).status_code == 302
    return browser


def room_of(channel: Channel, browser: Browser) -> str:
    answer = browser.post("/api/auth/ws-ticket")
    assert answer.status_code == 200, answer.content
    return f"/ws/channels/{channel.slug}?ticket={answer.json()['ticket']}"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """All sockets are compared with the database all the time."""
    monkeypatch.setattr(sockets, "EVERY_SECONDS", 0.3)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are compared long after the test: what is known before, somebody told."""
    monkeypatch.setattr(sockets, "EVERY_SECONDS", 3600.0)


def log_out(browser: Browser, other: Browser) -> Any:
    return browser.post("/auth/logout")


def log_out_by_the_api(browser: Browser, other: Browser) -> Any:
    return browser.post("/api/auth/logout")


def change_the_password_elsewhere(browser: Browser, other: Browser) -> Any:
    return other.post(
        "/auth/password",
        {"oldpassword": factories.PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )


def end_the_others_elsewhere(browser: Browser, other: Browser) -> Any:
    return other.post("/auth/sessions")


@pytest.mark.parametrize(
    "deed", [log_out, log_out_by_the_api, change_the_password_elsewhere, end_the_others_elsewhere]
)
def test_who_is_signed_out_hears_so_at_once_and_nobody_else(
    dial: Dial, channel: Channel, viewer: User, stranger: User, unhurried: None, lenient: None, deed: Any
) -> None:
    here, there = signed_in(viewer), signed_in(viewer)
    paths = [room_of(channel, here), room_of(channel, there), room_of(channel, signed_in(stranger))]

    async def steps() -> None:
        async with (
            dial(paths[0]) as one,
            dial(paths[1]) as other,
            dial(paths[2]) as another,
            dial() as reader,
        ):
            await accepted(one)
            answer = await database.read(deed, here, there)
            assert answer.status_code in (204, 302)
            assert await one.closed() == 4401
            await accepted(another, "still here")
            if deed is not change_the_password_elsewhere:  # that gives its own browser a new session
                await accepted(other, "I am, too")
            await reader.send("ping")
            await reader.next("pong")

    story(steps)


def test_an_app_that_signs_out_loses_its_socket(
    dial: Dial, channel: Channel, viewer: User, unhurried: None
) -> None:
    api = APIClient()
    known = {"login": viewer.username, "password": factories.PASSWORD}
    bearer = f"Bearer {api.post('/api/auth/login', known, format='json').json()['accessToken']}"
    api.credentials(HTTP_AUTHORIZATION=bearer)

    async def steps() -> None:
        async with dial(headers={"authorization": bearer}) as app:
            await app.next("chat:you")
            answer = await database.read(api.post, "/api/auth/logout")
            assert answer.status_code == 204
            assert await app.closed() == 4401

    story(steps)


def delete_the_session(person: User) -> None:
    Session.objects.all().delete()


def close_the_account(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def change_the_password(person: User) -> None:
    person.set_password(NEW_PASSWORD)
    person.save()


@pytest.mark.parametrize("deed", [delete_the_session, close_the_account, change_the_password])
@pytest.mark.parametrize("path", ["/ws/channels/{}", "/ws/dashboard/{}"])
def test_what_nobody_told_is_found_out(
    dial: Dial, channel: Channel, streamer: User, hasty: None, path: str, deed: Any
) -> None:
    path = f"{path.format(channel.slug)}?ticket={factories.ticket(streamer)}"

    async def steps() -> None:
        async with dial(path) as client:
            await client.send("ping")
            await client.next("pong")
            await database.read(deed, streamer)
            assert await client.closed() in (
                4401,
                4403,
            )  # 4403: the room was the first to see the account closed

    story(steps)


def test_a_ticket_of_a_session_that_has_ended_lets_nobody_in(
    dial: Dial, channel: Channel, viewer: User, unhurried: None
) -> None:
    (sign_in,) = factories.sign_ins([viewer])
    ticket = tickets.issue(sign_in)
    sessions.end_session(sign_in.session_key)

    async def steps() -> None:
        async with dial(f"/ws/channels/{channel.slug}?ticket={ticket}") as client:
            assert await client.closed() == 4401

    story(steps)


def test_a_ticket_of_somebody_whose_account_is_shut_counts_as_one_of_a_session_that_has_ended(
    dial: Dial, channel: Channel, viewer: User, unhurried: None
) -> None:
    """A client asks for another ticket then, gets none, and reads on as anybody may."""
    path = f"/ws/channels/{channel.slug}?ticket={factories.ticket(viewer)}"
    User.objects.filter(pk=viewer.pk).update(is_active=False)

    async def steps() -> None:
        async with dial(path) as client:
            assert await client.closed() == 4401

    story(steps)


def test_a_session_of_somebody_else_lets_nobody_in(viewer: User, stranger: User) -> None:
    mine, theirs = factories.sign_ins([viewer, stranger])
    assert sessions.standing([mine, theirs]) == {mine, theirs}
    assert not sessions.standing([sessions.SignIn(viewer.pk, theirs.session_key)])


def test_a_crowd_is_compared_by_two_queries(viewer: User) -> None:
    crowd = factories.sign_ins([viewer, *(factories.person() for _ in range(3))] * 50)
    with CaptureQueriesContext(connection) as asked:
        assert sessions.standing(crowd) == set(crowd)
    assert len(asked) == 2


def test_a_thousand_sockets_are_compared_in_shares(
    dial: Dial, channel: Channel, viewer: User, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "TOGETHER", 2)

    async def steps() -> None:
        async with (
            dial(who=viewer),
            dial(who=viewer),
            dial(who=viewer),
            dial(who=viewer),
            dial(who=viewer) as last,
        ):
            await database.read(delete_the_session, viewer)
            assert await last.closed() == 4401

    story(steps)
