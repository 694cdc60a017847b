"""Tickets for websockets: sealed, a minute, once."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.core import signing
from django.utils import timezone

from apps.accounts import tickets
from apps.accounts.sessions import SignIn

VERA = SignIn(uuid.uuid4(), "k" * 32)


def redeem(ticket: str):
    return asyncio.run(redeemed(ticket))


async def redeemed(ticket: str):
    opened = tickets.opened(ticket)
    return opened.sign_in if opened and await tickets.use_up(opened) else None


@pytest.mark.django_db
class TestTickets:
    def test_name_their_sign_in_once(self):
        ticket = tickets.issue(VERA)
        assert redeem(ticket) == VERA
        assert redeem(ticket) is None

    def test_can_stand_in_an_address(self):
        assert all(c.isalnum() or c in "-_" for c in tickets.issue(VERA))

    def test_do_not_show_their_session(self):
        assert VERA.session_key not in tickets.issue(VERA)

    def test_of_an_older_release_are_nobodys(self):
        signer = signing.TimestampSigner(salt="accounts.websocket")
        assert redeem(signer.sign(f"{VERA.user_id.hex}.nonce.session")) is None

    def test_differ_so_that_two_tabs_do_not_take_each_others(self):
        first, second = tickets.issue(VERA), tickets.issue(VERA)
        assert redeem(second) == redeem(first) == VERA

    def test_are_old_after_a_minute(self, time_machine):
        ticket = tickets.issue(VERA)
        time_machine.move_to(timezone.now() + timedelta(seconds=61))
        assert redeem(ticket) is None

    @pytest.mark.parametrize("ticket", ["", "x", "a:b:c", "\x00", "é", "x" * 100_000])
    def test_nonsense_is_nobodys(self, ticket):
        assert redeem(ticket) is None

    @pytest.mark.parametrize("place", [0, 20, 40, 60, -3])
    def test_a_changed_one_is_nobodys(self, place):
        ticket = list(tickets.issue(VERA))
        ticket[place] = "A" if ticket[place] != "A" else "B"
        assert redeem("".join(ticket)) is None

    def test_writing_it_in_another_way_does_not_use_it_twice(self):
        ticket = tickets.issue(VERA)
        assert redeem(ticket) == VERA
        for same in (ticket + "=", ticket + "==", f"{ticket}!", f"{ticket[:9]} {ticket[9:]}"):
            assert redeem(same) is None

    def test_grow_old_also_between_the_door_and_their_use(self, time_machine):
        now = timezone.now()
        time_machine.move_to(now)
        opened = tickets.opened(tickets.issue(VERA))
        assert opened
        time_machine.move_to(now + timedelta(seconds=tickets.SECONDS + 2))

        async def is_first() -> bool:
            return await tickets.use_up(opened)

        assert not asyncio.run(is_first())

    def test_something_else_that_we_have_signed_is_no_ticket(self):
        assert redeem(signing.dumps([VERA.user_id.hex, "nonce"], salt="something else")) is None

    def test_of_a_hundred_at_once_one_gets_in(self):
        ticket = tickets.issue(VERA)

        async def storm() -> list:
            return await asyncio.gather(*[redeemed(ticket) for _ in range(100)])

        assert [found for found in asyncio.run(storm()) if found] == [VERA]

    def test_of_another_secret_key_are_nobodys(self, settings):
        older = tickets.issue(VERA)
        settings.SECRET_KEY = "another key"
        assert redeem(older) is None
        assert redeem(tickets.issue(VERA)) == VERA

    def test_come_from_the_api_for_a_token(self, api, signed_in, viewer):
        answer = api.post("/api/auth/ws-ticket")
        assert answer.status_code == 200
        found = redeem(answer.json()["ticket"])
        assert found == SignIn(viewer.pk, UserSession.objects.get().session_key)


def test_used_ones_are_forgotten_as_they_age():
    once = tickets._Once(0.0)
    assert all(once.add(str(n)) for n in range(1000))
    assert len(once._seen) == 1
