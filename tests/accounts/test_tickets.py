"""Tickets for websockets: signed, a minute, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from apps.accounts import tickets


def redeem(ticket: str):
    return asyncio.run(tickets.redeem(ticket))


@pytest.mark.django_db
class TestTickets:
    def test_name_their_person_once(self, viewer):
        ticket = tickets.issue(viewer)
        assert redeem(ticket) == viewer.pk
        assert redeem(ticket) is None

    def test_can_stand_in_an_address(self, viewer):
        assert all(c.isalnum() or c in "-_:." for c in tickets.issue(viewer))

    def test_differ_so_that_two_tabs_do_not_take_each_others(self, viewer):
        first, second = tickets.issue(viewer), tickets.issue(viewer)
        assert redeem(second) == redeem(first) == viewer.pk

    def test_are_old_after_a_minute(self, viewer, time_machine):
        ticket = tickets.issue(viewer)
        time_machine.move_to(timezone.now() + timedelta(seconds=61))
        assert redeem(ticket) is None

    @pytest.mark.parametrize("ticket", ["", "x", "a:b:c", "\x00", "é", "x" * 100_000])
    def test_nonsense_is_nobodys(self, ticket):
        assert redeem(ticket) is None

    def test_a_changed_one_is_nobodys(self, viewer):
        ticket = tickets.issue(viewer)
        assert redeem(("A" if ticket[0] != "A" else "B") + ticket[1:]) is None

    def test_something_else_that_we_have_signed_is_no_ticket(self, viewer):
        assert redeem(signing.dumps([viewer.pk.hex, "nonce"], salt="something else")) is None

    def test_of_a_hundred_at_once_one_gets_in(self, viewer):
        ticket = tickets.issue(viewer)

        async def storm() -> list:
            return await asyncio.gather(*[tickets.redeem(ticket) for _ in range(100)])

        assert [found for found in asyncio.run(storm()) if found] == [viewer.pk]

    def test_of_another_secret_key_are_nobodys(self, viewer, settings):
        older = tickets.issue(viewer)
        settings.SECRET_KEY = "another key"
        assert redeem(older) is None
        assert redeem(tickets.issue(viewer)) == viewer.pk

    def test_come_from_the_api_for_a_token(self, api, signed_in, viewer):
        answer = api.post("/api/auth/ws-ticket")
        assert answer.status_code == 200
        assert redeem(answer.json()["ticket"]) == viewer.pk


def test_used_ones_are_forgotten_as_they_age():
    once = tickets._Once(0.0)
    assert all(once.add(str(n)) for n in range(1000))
    assert len(once._seen) == 1
